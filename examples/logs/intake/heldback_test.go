package intake

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A store without room holds connections back; when it goes on nothing is lost,
// repeated or reordered, whatever pieces it came in, and all are resumed.
func TestHeldBack(t *testing.T) {
	for _, proto := range []Proto{Auto, RELP} {
		for _, d := range []store.Durability{store.None, store.Group} {
			t.Run(fmt.Sprint(proto, d), func(t *testing.T) { testHeldBack(t, proto, d) })
		}
	}
}

func testHeldBack(t *testing.T, proto Proto, d store.Durability) {
	const sessions, logs = 20, 300
	f := newFixture(t, store.Options{
		Lanes: 2, Batches: 4, BatchSize: 1 << 10, Durability: d,
	}, Config{Ahead: 1})
	stop := f.flicker()
	var wg sync.WaitGroup
	peers := make([]*fakePeer, sessions)
	for i := range sessions {
		p := &fakePeer{}
		peers[i] = p
		x := f.NewSession(p, proto, i, nil)
		wg.Go(func() { feedAll(x, p, proto, i, logs) })
	}
	wg.Wait()
	eventually(t, "all to be stored", func() bool {
		return f.stats.Stored.Load() == sessions*logs && f.stats.Conns.Load() == 0
	})
	if proto == RELP {
		var all []int
		for k := range logs {
			all = append(all, k+1)
		}
		for i, p := range peers {
			eventually(t, "acknowledgements", func() bool { return len(p.written()) >= len(ack(all...)) })
			if p.written() != ack(all...) {
				t.Errorf("session %d: acknowledgements are not as they should be", i)
			}
		}
	}
	stop()
	pauses := 0
	for i, p := range peers {
		if pauses += p.pauses; p.isPaused() && !p.isClosed() {
			t.Errorf("session %d was left paused", i)
		}
	}
	if pauses == 0 {
		t.Error("nobody was held back")
	}
	next := make([]int, sessions)
	for _, msg := range f.messages() {
		var i, k int
		if _, err := fmt.Sscanf(msg, "<13>session %d log %d", &i, &k); err != nil {
			t.Fatalf("message %q: %v", msg, err)
		}
		if k != next[i] {
			t.Fatalf("session %d: log %d where %d belongs", i, k, next[i])
		}
		next[i]++
	}
	for i, n := range next {
		if n != logs {
			t.Errorf("session %d: %d logs, want %d", i, n, logs)
		}
	}
	f.wantCounts(sessions*logs, 0, 0)
}

// flicker makes the disk one that comes and goes, until stop is called.
func (f *fixture) flicker() (stop func()) {
	done := make(chan struct{})
	var disk sync.WaitGroup
	disk.Go(func() {
		for {
			select {
			case <-done:
				f.disk.release()
				return
			default:
				f.disk.hold()
				time.Sleep(500 * time.Microsecond)
				f.disk.release()
				time.Sleep(500 * time.Microsecond)
			}
		}
	})
	return func() { close(done); disk.Wait() }
}

// feedAll feeds a session random pieces, also now and then while it is paused,
// and ends it.
func feedAll(x *Session, p *fakePeer, proto Proto, i, logs int) {
	r := rand.New(rand.NewPCG(uint64(i), 3))
	var in []byte
	want := ""
	for k := range logs {
		want += ack(k + 1)
		msg := fmt.Sprintf("<13>session %d log %d %s", i, k, strings.Repeat("x", r.IntN(100)))
		switch {
		case proto == RELP:
			in = append(in, relpFrame(k+1, "syslog", msg)...)
		case r.IntN(2) == 0:
			in = fmt.Appendf(in, "%d %s", len(msg), msg)
		case k == logs-1:
			in = append(in, msg...) // without its end
		default:
			in = append(in, msg+"\n"...)
		}
	}
	for len(in) > 0 {
		if p.isPaused() && r.IntN(20) > 0 {
			time.Sleep(50 * time.Microsecond)
			continue
		}
		n := min(len(in), 1+r.IntN(2000))
		b := slices.Clone(in[:n])
		x.Data(b)
		for j := range b {
			b[j] = '!' // it is not the session's any more
		}
		in = in[n:]
	}
	if proto == RELP { // or what is held would be dropped
		for end := time.Now().Add(patience); len(p.written()) < len(want) && time.Now().Before(end); {
			time.Sleep(50 * time.Microsecond)
		}
	}
	x.End(io.EOF)
}

// A connection that ends while it is held back stays one until the store has
// what it sent.
func TestEndWhileHeldBack(t *testing.T) {
	f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 1 << 10}, Config{})
	f.disk.hold()
	p := &fakePeer{}
	x := f.NewSession(p, Auto, 0, nil)
	n := 0
	for ; !p.isPaused(); n++ {
		x.Data(fmt.Appendf(nil, "log %d\n", n))
	}
	x.Data([]byte("on its way\nunfinished"))
	x.End(io.EOF)
	if open, paused := f.stats.Conns.Load(), f.stats.Paused.Load(); open != 1 || paused != 1 {
		t.Errorf("%d open, %d paused, want 1 and 1", open, paused)
	}
	f.disk.release()
	eventually(t, "the session to be done", func() bool { return f.stats.Conns.Load() == 0 })
	got := f.messages()
	if len(got) != n+2 || got[n] != "on its way" || got[n+1] != "unfinished" {
		t.Errorf("%d messages, want %d: the last are %q", len(got), n+2, got[max(0, len(got)-2):])
	}
	f.wantCounts(n+2, 0, 0)
}

// What a RELP session holds that ends while the store is full is dropped: it was
// not acknowledged, and comes again.
func TestRELPEndsWhileHeldBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		errors int
	}{{"EOF", io.EOF, 0}, {"reset", syscall.ECONNRESET, 1}, {"closed", net.ErrClosed, 0}} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 1 << 10}, Config{})
			f.disk.hold()
			p := &fakePeer{}
			x := f.NewSession(p, RELP, 0, nil)
			sent := 0
			for f.stats.Paused.Load() == 0 {
				sent++
				x.Data([]byte(relpFrame(sent, "syslog", "a")))
			}
			x.Data([]byte(relpFrame(sent+1, "syslog", "held")))
			if p.isPaused() {
				t.Error("the peer is paused: its end would not be noticed")
			}
			x.End(c.err)
			if open, paused, held := f.stats.Conns.Load(), f.stats.Paused.Load(), f.ahead.Load(); open != 0 || paused != 0 || held != 0 {
				t.Errorf("%d open, %d paused, %d bytes held, want none", open, paused, held)
			}
			f.disk.release()
			if got := f.messages(); len(got) != sent-1 || slices.Contains(got, "held") {
				t.Errorf("stored %d messages, want the %d that the store had taken: %q", len(got), sent-1, got)
			}
			f.wantCounts(sent-1, 0, c.errors)
		})
	}
}

// A RELP client that sends on without acknowledgements is held back in the end,
// and goes on.
func TestAhead(t *testing.T) {
	const limit = 10 << 10
	f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 1 << 10}, Config{Ahead: limit})
	f.disk.hold()
	p := &fakePeer{}
	x := f.NewSession(p, RELP, 0, nil)
	n := 0
	for !p.isPaused() {
		n++
		x.Data([]byte(relpFrame(n, "syslog", "a")))
	}
	if held := f.ahead.Load(); held <= limit || held > limit+100 {
		t.Errorf("%d bytes are held, the limit is %d", held, limit)
	}
	f.disk.release()
	eventually(t, "acknowledgements", func() bool { return strings.Count(p.written(), "200 OK") == n })
	eventually(t, "it to be resumed", func() bool { return !p.isPaused() })
	x.End(io.EOF)
	f.messages()
	f.wantCounts(n, 0, 0)
}

// A client that ends with a frame that the store has no room for is one that
// ended inside a frame all the same.
func TestHalfFrameHeldBack(t *testing.T) {
	f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 1 << 10}, Config{})
	f.disk.hold()
	p, other := &fakePeer{}, &fakePeer{}
	x, y := f.NewSession(p, Auto, 0, nil), f.NewSession(other, Auto, 0, nil)
	x.Data([]byte("900 <half" + strings.Repeat(" frame", 100))) // more than there is room for
	n := 0
	for ; !other.isPaused(); n++ {
		y.Data([]byte("log\n"))
	}
	x.End(io.EOF)
	if !p.isClosed() {
		t.Error("a connection that has ended is left open for what it holds")
	}
	y.End(io.EOF)
	f.disk.release()
	eventually(t, "the sessions to be done", func() bool { return f.stats.Conns.Load() == 0 })
	f.messages()
	f.wantCounts(n+1, 1, 1)
}

// On a full disk a client that gives up waiting and connects again has one
// connection, and nothing that it was told of is lost.
func TestReconnectsWhileFull(t *testing.T) {
	const logs, attempts = 500, 20
	f := newFixture(t, store.Options{
		Lanes: 1, Batches: 2, BatchSize: 1 << 10, Durability: store.Group,
	}, Config{Linger: time.Millisecond})
	dial, wait := f.serve(RELP, false)
	var in []byte
	want := make([]int, logs)
	for k := range logs {
		want[k] = k + 1
		in = append(in, relpFrame(k+1, "syslog", fmt.Sprint("log ", k))...)
	}
	f.disk.hold()
	for range attempts {
		total := f.stats.BytesIn.Load() + uint64(len(in))
		c := dial()
		if _, err := c.Write(in); err != nil {
			t.Fatal(err)
		}
		eventually(t, "all to have come", func() bool { return f.stats.BytesIn.Load() == total })
		if open := f.stats.Conns.Load(); open != 1 {
			t.Fatalf("%d connections are open, want 1", open)
		}
		c.Close()
		eventually(t, "the connection to be gone", func() bool { return f.stats.Conns.Load() == 0 })
	}
	taken := int(f.stats.Received.Load()) // what the store has room for
	last := dial()                        // does not end, and is not hurried by Linger
	if _, err := last.Write(in); err != nil {
		t.Fatal(err)
	}
	f.disk.release()
	got := make([]byte, len(ack(want...)))
	if _, err := io.ReadFull(last, got); err != nil || string(got) != ack(want...) {
		t.Errorf("the backlog is not acknowledged: %v", err)
	}
	last.Close()
	wait()
	stored := f.messages()
	if len(stored) != taken+logs {
		t.Errorf("%d stored, want the %d of the last connection and the %d that there was room for", len(stored), logs, taken)
	}
	for k, msg := range stored[len(stored)-logs:] {
		if msg != fmt.Sprint("log ", k) {
			t.Fatalf("message %d is %q", k, msg)
		}
	}
	f.wantCounts(taken+logs, 0, 0)
}
