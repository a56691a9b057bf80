package intake

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/datagram"
	"github.com/uringnet/go-uringnet/examples/logs/jsonlog"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// datagrams makes a datagram of each text.
func datagrams(texts ...string) (list []datagram.Message) {
	for _, text := range texts {
		list = append(list, datagram.Message{Data: []byte(text)})
	}
	return list
}

// records closes the store and returns what it has.
func (f *fixture) records() (all []store.Record) {
	f.t.Helper()
	if err := f.store.Close(); err != nil {
		f.t.Fatal(err)
	}
	err := new(store.Scanner).Dir(f.dir, func(r store.Record) error {
		r.Msg = slices.Clone(r.Msg)
		all = append(all, r)
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return all
}

// TestDatagrams: each is a message without what ends it, cut if it was, with its
// sender.
func TestDatagrams(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{MaxLine: 60})
	d := f.NewDatagrams("udp://here")
	from := netip.MustParseAddrPort("192.0.2.1:514")
	long := strings.Repeat("l", 61)
	list := datagrams(good, good+"\n\x00\n", "no header\n", "two\nlines", "", "\n", "\x00", long, "cut by the kernel")
	list[0].From = from
	list[8].Cut = true
	if n, err := d.Take(list); n != len(list) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	type result struct {
		msg, peer      string
		severity       uint8
		malformed, cut bool
	}
	want := []result{
		{good, from.String(), 5, false, false}, {good, "", 5, false, false}, {"no header", "", 5, true, false},
		{"two\nlines", "", 5, true, false}, {long[:60], "", 5, true, true}, {"cut by the kernel", "", 5, true, true},
	}
	var got []result
	for _, r := range f.records() {
		got = append(got, result{string(r.Msg), r.Source.Peer, r.Severity, r.Malformed, r.Cut})
		if r.Source.Listener != "udp://here" || r.Received == 0 {
			t.Errorf("%q: source %+v, received %d", r.Msg, r.Source, r.Received)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v; want %+v", got, want)
	}
	f.wantCounts(6, 0, 0)
	if st := f.stats; st.Malformed.Load() != 4 || st.Oversized.Load() != 2 || st.Severity[5].Load() != 6 || st.BytesIn.Load() == 0 {
		t.Errorf("%d malformed, %d oversized", st.Malformed.Load(), st.Oversized.Load())
	}
}

// TestDatagramsWait: when the store is full Take waits, and goes on with what it has.
func TestDatagramsWait(t *testing.T) {
	f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 4 << 10}, Config{MaxLine: 1000})
	d := f.NewDatagrams("udp://here")
	f.disk.hold()
	var texts []string
	for i := range 50 {
		texts = append(texts, strings.Repeat(string(rune('a'+i%26)), 900))
	}
	taken := make(chan int)
	go func() {
		n, err := d.Take(datagrams(texts...))
		if err != nil {
			t.Error(err)
		}
		taken <- n
	}()
	eventually(t, "a pause", func() bool { return f.stats.Paused.Load() == 1 && f.PausedTime() > 0 })
	select {
	case n := <-taken:
		t.Errorf("Take returned %d though the store was full", n)
	default:
	}
	f.disk.release()
	select {
	case n := <-taken:
		if n != len(texts) {
			t.Errorf("%d taken, want %d", n, len(texts))
		}
	case <-time.After(patience):
		t.Fatal("Take does not return")
	}
	if got := f.messages(); !slices.Equal(got, texts) {
		t.Errorf("%d messages, want %d in order", len(got), len(texts))
	}
	f.wantCounts(len(texts), 0, 0)
	total := f.PausedTime()
	if total == 0 || f.PausedTime() != total {
		t.Error("the time of the pause does not stay")
	}
}

// TestDatagramsClosed: Take says that the store is closed, and how many it took.
func TestDatagramsClosed(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{})
	d := f.NewDatagrams("udp://here")
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Take(datagrams("a", "b")); n != 0 || !errors.Is(err, store.ErrClosed) {
		t.Errorf("%d, %v; want none and store.ErrClosed", n, err)
	}
	f.wantCounts(0, 0, 0)
}

// TestSenders: however many senders there are, few are kept, and each record has its
// own.
func TestSenders(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{})
	d := f.NewDatagrams("udp://here")
	const n = 3*maxSenders + 1
	for i := range n {
		list := datagrams("x")
		list[0].From = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
		list[0].Data = []byte(list[0].From.String())
		if _, err := d.Take(list); err != nil {
			t.Fatal(err)
		}
		if len(d.senders) > maxSenders {
			t.Fatalf("%d senders are kept", len(d.senders))
		}
	}
	all := f.records()
	for _, r := range all {
		if r.Source.Peer != string(r.Msg) {
			t.Fatalf("%q is from %q", r.Msg, r.Source.Peer)
		}
	}
	if len(all) != n {
		t.Errorf("%d records; want %d", len(all), n)
	}
}

// TestJSON: lines, frames and datagrams that are JSON objects are stored as they are,
// with what they say of themselves.
func TestJSON(t *testing.T) {
	names := jsonlog.Default()
	const (
		whole   = `{"time":"2026-11-26T15:04:05.5Z","level":"ERROR","host":"web","msg":"x"}`
		timed   = `{"ts":1764169445}`
		nothing = `{"msg":"says nothing"}`
		broken  = `{"time":1,`
	)
	for _, on := range []bool{true, false} {
		f := newFixture(t, store.Options{}, Config{})
		if f.cfg.JSON = &names; !on {
			f.cfg.JSON = nil
		}
		x := f.NewSession(&fakePeer{}, Auto, 0, nil)
		x.Data([]byte(strings.Join([]string{whole, timed, nothing, broken, ""}, "\n")))
		x.End(nil)
		if _, err := f.NewDatagrams("").Take(datagrams(whole + "\n")); err != nil {
			t.Fatal(err)
		}
		got := f.records()
		if len(got) != 5 {
			t.Fatalf("%d records; want 5", len(got))
		}
		at := time.Date(2026, 11, 26, 15, 4, 5, 5e8, time.UTC).UnixNano()
		for i, want := range map[int]struct {
			msg      string
			time     int64
			severity uint8
			ok       bool
		}{0: {whole, at, 3, on}, 1: {timed, 1764169445e9, 5, on}, 2: {nothing, 0, 5, false}, 3: {broken, 0, 5, false}, 4: {whole, at, 3, on}} {
			if !want.ok {
				want.time, want.severity = 0, 5
			}
			if r := got[i]; string(r.Msg) != want.msg || r.Malformed == want.ok || r.Severity != want.severity || r.Time != want.time || r.Facility != 1 {
				t.Errorf("JSON %v: record %d is %q, malformed: %v, severity %d, time %d, facility %d; want %+v", on, i, r.Msg, r.Malformed, r.Severity, r.Time, r.Facility, want)
			}
		}
	}
}

// A tray is a sink that keeps the last record.
type tray struct {
	meta store.Meta
	msg  []byte
	n    int
}

func (t *tray) BeginAt(time.Time) {}
func (t *tray) End()              {}
func (t *tray) Append(m store.Meta, msg []byte) (uint64, bool) {
	t.meta, t.msg, t.n = m, slices.Clone(msg), t.n+1
	return 0, true
}
func (t *tray) Await(uint64, store.Waiter) {}
func (t *tray) Notify(func())              {}

// FuzzDatagrams takes anything as a datagram: one record at most, which is what came
// without LF and NUL at its end.
func FuzzDatagrams(f *testing.F) {
	for _, s := range []string{good, good + "\n", "\x00", `{"time":1,"host":"h"}` + "\x00", "<34>Oct 11 22:14:15 h su[12]: x", strings.Repeat("l", 200)} {
		f.Add([]byte(s), true)
	}
	names := jsonlog.Default()
	s, err := store.Open(store.Options{Dir: f.TempDir(), BatchSize: 4 << 10})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	srv := New(Config{Store: s, MaxLine: 100, JSON: &names})
	f.Fuzz(func(t *testing.T, data []byte, cut bool) {
		to := new(tray)
		d := srv.NewDatagrams("udp://fuzz")
		d.lane = to
		if n, err := d.Take([]datagram.Message{{Data: data, Cut: cut}}); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		want := strings.TrimRight(string(data), "\n\x00")
		if want == "" {
			if to.n != 0 {
				t.Errorf("%q is stored as %q", data, to.msg)
			}
			return
		}
		cut = cut || len(want) > 100
		if to.n != 1 || string(to.msg) != want[:min(len(want), 100)] || to.meta.Cut != cut || to.meta.More || to.meta.Severity > 7 || to.meta.Facility > 23 || len(to.meta.Host) > 255 {
			t.Errorf("%q: %d records, %q, %+v", data, to.n, to.msg, to.meta)
		}
	})
}
