package intake

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// Unfinished messages above the budget go to the store in parts: nothing of them is
// lost, and memory is bounded by the budget, not by the number of connections.
func TestBudget(t *testing.T) {
	for _, proto := range []Proto{Auto, RELP} {
		t.Run(fmt.Sprint(proto), func(t *testing.T) {
			const sessions, pieces, size, budget = 50, 10, 1000, 64 << 10
			f := newFixture(t, store.Options{Lanes: 1}, Config{MaxLine: 16 << 10, Budget: budget})
			var xs []*Session
			var rs []*recorder
			var ps []*fakePeer
			for range sessions {
				p := &fakePeer{}
				x := f.NewSession(p, proto, 0, nil)
				ps, xs, rs = append(ps, p), append(xs, x), append(rs, listenIn(x))
				if proto == RELP {
					x.Data(fmt.Appendf(nil, "1 syslog %d ", pieces*size))
				}
			}
			text := make([]string, sessions)
			for k := range pieces {
				for i, x := range xs {
					part := strings.Repeat(string(rune('a'+(i+k)%26)), size)
					text[i] += part
					x.Data([]byte(part))
					if n := f.inUse(); n > budget {
						t.Fatalf("%d bytes in use, the budget is %d", n, budget)
					}
				}
			}
			for i, x := range xs {
				x.Data([]byte("\n"))
				got := rs[i].text()
				last := len(got) - 1
				for k := range got[:last] {
					got[k] = mustSuffix(t, got[k], "|more")
				}
				if all := strings.Join(got, ""); all != text[i] {
					t.Errorf("session %d: %d bytes in %d records, want %d", i, len(all), len(got), len(text[i]))
				}
			}
			if proto == RELP {
				for _, p := range ps {
					eventually(t, "the acknowledgement", func() bool { return p.written() == ack(1) })
				}
			}
			if f.Spilled() == 0 || f.inUse() != 0 {
				t.Errorf("%d spilled, %d bytes in use by idle sessions", f.Spilled(), f.inUse())
			}
			for _, x := range xs {
				x.End(io.EOF)
			}
			f.messages()
			f.wantCounts(int(f.stats.Stored.Load()), 0, 0)
		})
	}
}

// mustSuffix cuts a suffix that must be there.
func mustSuffix(t *testing.T, s, suffix string) string {
	t.Helper()
	rest, ok := strings.CutSuffix(s, suffix)
	if !ok {
		t.Fatalf("%.50q... does not end in %q", s, suffix)
	}
	return rest
}

// While the store is full, nobody is read above the budget, and all go on then.
func TestBudgetWhileFull(t *testing.T) {
	const sessions, budget = 40, 8 << 10
	f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 2 << 10}, Config{MaxLine: 1 << 10, Budget: budget})
	f.fill(&fakePeer{})
	var ps []*fakePeer
	var xs []*Session
	for range sessions {
		p := &fakePeer{}
		ps, xs = append(ps, p), append(xs, f.NewSession(p, Auto, 0, nil))
	}
	text := strings.Repeat("x", 500)
	sent := 0
	for i, x := range xs {
		if !ps[i].isPaused() {
			x.Data([]byte(text + "\n" + text))
			sent++
		}
	}
	if n := f.inUse(); n > budget+1100 || sent == sessions || !ps[sessions-1].isPaused() {
		t.Errorf("%d bytes in use, the budget is %d; %d of %d sessions were read", n, budget, sent, sessions)
	}
	f.disk.release()
	for i, p := range ps {
		eventually(t, fmt.Sprintf("session %d to go on", i), func() bool { return !p.isPaused() })
	}
	for i, x := range xs {
		if i >= sent {
			x.Data([]byte(text + "\n" + text))
		}
	}
	for _, x := range xs {
		x.End(io.EOF)
	}
	eventually(t, "all to be stored", func() bool { return f.stats.Conns.Load() == 0 })
	got := slices.DeleteFunc(f.messages(), func(msg string) bool { return msg == "log" })
	if all := strings.Join(got, ""); len(all) != 2*sessions*len(text) {
		t.Errorf("%d bytes in %d records, want %d", len(all), len(got), 2*sessions*len(text))
	}
}

// A connection that is refused does not keep the budget used up.
func TestBudgetOfTheRefused(t *testing.T) {
	f := newFixture(t, store.Options{Lanes: 1, Durability: store.Group}, Config{MaxLine: 16 << 10, Budget: 64 << 10})
	f.disk.hold()
	p, other := &fakePeer{}, &fakePeer{}
	x := f.NewSession(p, RELP, 0, nil)
	x.Data([]byte(relpFrame(1, "syslog", "a") + "2 syslog 9000 " + strings.Repeat("x", 9000)))
	x.Data([]byte("no LF")) // refused; waits for the first acknowledgement
	y := f.NewSession(other, Auto, 0, nil)
	y.Data([]byte(strings.Repeat("y", 5000)))
	if f.inUse() > 8<<10 || f.Spilled() != 0 || other.isPaused() {
		t.Errorf("%d bytes in use, %d spilled, paused %v", f.inUse(), f.Spilled(), other.isPaused())
	}
	f.disk.release()
	eventually(t, "the close", p.isClosed)
	x.End(io.EOF)
	y.End(io.EOF)
	f.messages()
	if n := f.inUse(); n != 0 {
		t.Errorf("%d bytes in use without sessions", n)
	}
}
