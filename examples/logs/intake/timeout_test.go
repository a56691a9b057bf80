package intake

import (
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A message that does not end is stored, marked cut, and its connection closed;
// one that has ended, and a connection that has begun none, are left alone.
func TestLineTimeout(t *testing.T) {
	const timeout = time.Minute
	for _, c := range []struct {
		name    string
		proto   Proto
		chunks  []string // a quarter of the timeout apart
		expires bool
		want    []string
		out     string
	}{
		{"idle", Auto, []string{"a\n", "", "", "", ""}, false, []string{"a"}, ""},
		{"trickle", Auto, []string{"a\nb", "b", "b", "b", "b"}, true, []string{"a", "bbbbb|cut"}, ""},
		{"short", Auto, []string{"b", "b", "b", "b\nb", "b"}, false, []string{"bbbb"}, ""},
		{"counted", Auto, []string{"100 <", "b", "b", "b", "b"}, true, []string{"<bbbb|cut"}, ""},
		{"count", Auto, []string{"100", "", "", "", ""}, true, []string{"100|cut"}, ""},
		{"RELP", RELP, []string{relpFrame(1, "syslog", "a") + "2 sys", "log 9 ", "b", "b", "b"}, true, []string{"a"}, ack(1) + "0 serverclose 0\n"},
		{"idle RELP", RELP, []string{relpFrame(1, "syslog", "a"), "", "", "", ""}, false, []string{"a"}, ack(1)},
	} {
		for _, full := range []bool{false, true} {
			if full && (c.proto == RELP || !c.expires) {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
				f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 1 << 10}, Config{LineTimeout: timeout, Now: func() time.Time { return now }})
				p := &fakePeer{}
				x := f.NewSession(p, c.proto, 0, nil)
				r := listenIn(x)
				for i, chunk := range c.chunks {
					if i > 0 {
						now = now.Add(timeout / 4)
					}
					if chunk != "" {
						x.Data([]byte(chunk))
					}
					if i < len(c.chunks)-1 {
						f.ExpireUnfinished(now)
					}
				}
				if p.isClosed() || f.Expired() != 0 {
					t.Error("ended before its time")
				}
				if full {
					f.fill(&fakePeer{})
				}
				f.ExpireUnfinished(now)
				f.disk.release()
				if c.expires {
					eventually(t, "the close", p.isClosed)
					if err := <-f.why; !strings.Contains(err.Error(), "unfinished after 1m0s") {
						t.Error(err)
					}
				}
				if n := f.Expired(); (n == 1) != c.expires || p.isClosed() != c.expires {
					t.Errorf("%d expired, closed %v", n, p.isClosed())
				}
				f.ExpireUnfinished(now.Add(time.Hour))
				if got := r.text(); c.expires && !slices.Equal(got, c.want) {
					t.Errorf("records %q, want %q", got, c.want)
				}
				eventually(t, "what is written", func() bool { return p.written() == c.out })
				x.End(net.ErrClosed)
				if f.stats.Refused.Load() != 0 || f.stats.ConnErrors.Load() != 0 {
					t.Errorf("%d refused, %d errors", f.stats.Refused.Load(), f.stats.ConnErrors.Load())
				}
			})
		}
	}
}

// A client that the store holds back is not late.
func TestLineTimeoutHeldBack(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 1 << 10}, Config{LineTimeout: time.Minute, Now: func() time.Time { return now }})
	f.fill(&fakePeer{})
	p := &fakePeer{}
	x := f.NewSession(p, Auto, 0, nil)
	x.Data([]byte("first\nsecond"))
	if !p.isPaused() {
		t.Fatal("it is not held back")
	}
	x.mu.Lock()
	now = now.Add(time.Hour)
	x.mu.Unlock()
	f.ExpireUnfinished(now)
	f.disk.release()
	eventually(t, "it to go on", func() bool { return !p.isPaused() })
	f.ExpireUnfinished(now.Add(time.Second))
	if f.Expired() != 0 {
		t.Error("it was taken for late")
	}
	f.ExpireUnfinished(now.Add(time.Minute))
	if f.Expired() != 1 {
		t.Error("it is late now")
	}
	x.End(io.EOF)
}
