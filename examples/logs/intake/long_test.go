package intake

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A message over the limit is stored, marked, acknowledged, and what is behind it
// is taken, also if the store has no room in the middle of it.
func TestLong(t *testing.T) {
	const limit = 100
	head, tail := "<11>May  6 07:08:09 host su: ", strings.Repeat("t", 300)
	long := head + tail
	for _, c := range []struct {
		name  string
		proto Proto
		in    string
		want  []string
		acks  string
	}{
		{"RELP", RELP, relpFrame(1, "syslog", long) + relpFrame(2, "syslog", "behind"),
			[]string{long[:limit] + "|cut", "behind"}, ack(1, 2)},
		{"counted", Auto, fmt.Sprintf("%d %s", len(long), long) + "behind\n",
			[]string{long[:limit] + "|cut", "behind"}, ""},
		{"line", Auto, long + "\nbehind\n",
			[]string{long[:limit] + "|more", long[limit:2*limit] + "|more", long[2*limit:3*limit] + "|more", long[3*limit:], "behind"}, ""},
	} {
		for _, full := range []bool{false, true} {
			for _, chunk := range []int{1 << 20, 50, 1} {
				t.Run(fmt.Sprint(c.name, full, chunk), func(t *testing.T) {
					f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 1 << 10}, Config{MaxLine: limit})
					p, other := &fakePeer{}, &fakePeer{}
					x := f.NewSession(p, c.proto, 0, nil)
					r := listenIn(x)
					stop := func() {}
					if full {
						f.fill(other)
						stop = f.flicker()
					}
					for b := range slices.Chunk([]byte(c.in), chunk) {
						x.Data(b)
					}
					eventually(t, "the records", func() bool { return len(r.text()) == len(c.want) })
					stop()
					if got := r.text(); !slices.Equal(got, c.want) {
						t.Errorf("records %q, want %q", got, c.want)
					}
					eventually(t, "acknowledgements", func() bool { return p.written() == c.acks })
					if p.isClosed() || f.stats.Refused.Load() != 0 || f.stats.Oversized.Load() != 1 {
						t.Errorf("closed %v, %d refused, %d oversized", p.isClosed(), f.stats.Refused.Load(), f.stats.Oversized.Load())
					}
					for _, k := range r.kept[:len(c.want)-1] {
						if k.Severity != 3 || k.Facility != 1 || k.Malformed || k.Time == 0 || string(k.Host) != "host" {
							t.Errorf("of a part: %+v", k.Meta)
						}
					}
					x.End(io.EOF)
				})
			}
		}
	}
}

// fill holds the disk up and fills the store from a session of p.
func (f *fixture) fill(p *fakePeer) {
	f.disk.hold()
	y := f.NewSession(p, Auto, 0, nil)
	for !p.isPaused() {
		y.Data([]byte("log\n"))
	}
	y.End(io.EOF)
}

// Senders that end messages by NUL have one record for each.
func TestNULs(t *testing.T) {
	const n = 10000
	f := newFixture(t, store.Options{}, Config{})
	x := f.NewSession(&fakePeer{}, Auto, 0, nil)
	var in []byte
	for i := range n {
		in = fmt.Appendf(in, "<13>log %d\x00", i)
	}
	for b := range slices.Chunk(in, 1000) {
		x.Data(b)
	}
	if got := f.stats.Received.Load(); got != n {
		t.Errorf("%d records before the end, want %d", got, n)
	}
	x.End(io.EOF)
	if got := f.messages(); len(got) != n || got[n-1] != "<13>log 9999" {
		t.Errorf("%d messages, the last is %q", len(got), got[len(got)-1])
	}
}

// Records say who sent them and when they came, those held back too.
func TestSource(t *testing.T) {
	for _, proto := range []Proto{Auto, RELP} {
		now := time.Date(2026, 5, 6, 7, 8, 9, 10, time.UTC)
		f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 1 << 10}, Config{Now: func() time.Time { return now }})
		src := &store.Source{Peer: "192.0.2.1:1", Listener: "tcp://:514", Subject: "CN=x"}
		x := f.NewSession(&fakePeer{}, proto, 0, src)
		r := listenIn(x)
		frame := func(i int) []byte {
			if proto == RELP {
				return []byte(relpFrame(i, "syslog", good))
			}
			return []byte(good + "\n")
		}
		x.Data(frame(1))
		f.fill(&fakePeer{})
		x.Data(frame(2))
		came := now
		x.mu.Lock()
		now = now.Add(time.Hour)
		x.mu.Unlock()
		f.disk.release()
		eventually(t, "the records", func() bool { return len(r.text()) == 2 })
		for _, k := range r.kept {
			if k.Source != src || k.Received != came.UnixNano() || k.Facility != 20 || k.Severity != 5 || k.Malformed ||
				k.Time != time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC).UnixNano() {
				t.Errorf("%+v of %+v", k.Meta, k.Source)
			}
		}
		x.End(io.EOF)
	}
}
