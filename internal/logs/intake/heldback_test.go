package intake

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/logs/store"
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
	}, Config{})
	stop := f.flicker()
	var wg sync.WaitGroup
	peers := make([]*fakePeer, sessions)
	for i := range sessions {
		p := &fakePeer{}
		peers[i] = p
		x := f.NewSession(p, proto, i)
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
	for k := range logs {
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
	x.End(io.EOF)
}

// A connection that ends while it is held back stays one until the store has
// what it sent.
func TestEndWhileHeldBack(t *testing.T) {
	f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 1 << 10}, Config{})
	f.disk.hold()
	p := &fakePeer{}
	x := f.NewSession(p, Auto, 0)
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
