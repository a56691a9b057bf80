package uringnet_test

import (
	"errors"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

const (
	crowd = 1000
	// closesWithin bounds what closing a crowd takes beside goroutines that
	// compute. 100 ms are aimed at; the rest is for the race detector and for
	// other work on the machine.
	closesWithin = time.Second
)

// compute keeps every P busy until stop is called.
func compute() (stop func()) {
	var quit atomic.Bool
	var done sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		done.Go(func() {
			for n := 0; !quit.Load(); n++ {
			}
		})
	}
	return func() {
		quit.Store(true)
		done.Wait()
	}
}

// A parkedCrowd is connections on each of which a Read waits.
type parkedCrowd struct {
	conns []net.Conn
	reads []*call[string]
}

// park connects a crowd to a listener of s and lets a Read wait on each.
func (p *parkedCrowd) park(t *testing.T, s stack) {
	t.Helper()
	ln := listen(t, s, "tcp")
	var peers []net.Conn
	t.Cleanup(func() {
		for _, c := range slices.Concat(p.conns, peers) {
			c.Close()
		}
	})
	for range crowd {
		c, err := net.Dial("tcp", ln.Addr().String())
		must(t, err)
		peers = append(peers, c)
		c, err = ln.Accept()
		must(t, err)
		p.conns = append(p.conns, c)
		p.reads = append(p.reads, startRead(c, 1))
	}
	ln.Close()
}

// blocked waits until every Read is parked.
func (p *parkedCrowd) blocked(t *testing.T) {
	t.Helper()
	ids := map[string]bool{}
	for _, r := range p.reads {
		ids[<-r.id] = true
	}
	b := make([]byte, 8<<20)
	eventually(t, "all Reads are parked", func() bool {
		b = b[:cap(b)]
		n := runtime.Stack(b, true)
		return parkedCount(string(b[:n]), ids) == crowd
	})
}

// parkedCount is how many of the goroutines wait for something, by the stacks.
func parkedCount(stacks string, ids map[string]bool) (n int) {
	for _, s := range strings.Split(stacks, "\n\n") {
		id, rest, _ := strings.Cut(s, " [")
		if ids[id] && !strings.HasPrefix(rest, "run") && !strings.HasPrefix(rest, "syscall") {
			n++
		}
	}
	return n
}

// ended waits for all Reads and checks their error.
func (p *parkedCrowd) ended(t *testing.T, want error) {
	t.Helper()
	for i, r := range p.reads {
		if _, err := r.wait(t); !errors.Is(err, want) {
			t.Fatalf("Read %d: %v; want %v", i, err, want)
		}
	}
}

// Engine.Close closes a crowd of connections in one go, however busy the
// goroutines beside it are.
func TestDefectCloseCrowd(t *testing.T) {
	forEngines(t, ringKinds, func(t *testing.T, e *uringnet.Engine) {
		var p parkedCrowd
		p.park(t, stackOf(e))
		p.blocked(t)
		stop := compute()
		defer stop()
		begin := time.Now()
		_, err := startErr("Engine.Close", e.Close).wait(t)
		must(t, err)
		took := time.Since(begin)
		p.ended(t, net.ErrClosed)
		woke := time.Since(begin)
		t.Logf("Engine.Close took %v, all Reads had returned after %v", took, woke)
		if woke > closesWithin {
			t.Errorf("Engine.Close of %d connections took %v, their Reads %v; want at most %v", crowd, took, woke, closesWithin)
		}
	})
}

// In shared mode Close of each is quick as well: nothing is in the kernel.
func TestDefectCloseEach(t *testing.T) {
	forEngines(t, []string{"std", "shared"}, func(t *testing.T, e *uringnet.Engine) {
		var p parkedCrowd
		p.park(t, stackOf(e))
		p.blocked(t)
		stop := compute()
		defer stop()
		begin := time.Now()
		_, err := startErr("Close of each", func() error {
			for _, c := range p.conns {
				if err := c.Close(); err != nil {
					return err
				}
			}
			return nil
		}).wait(t)
		must(t, err)
		p.ended(t, net.ErrClosed)
		if took := time.Since(begin); took > closesWithin {
			t.Errorf("closing %d connections one by one took %v; want at most %v", crowd, took, closesWithin)
		} else {
			t.Logf("closing %d connections one by one took %v", crowd, took)
		}
	})
}

// The idle sweep closes a crowd in one go as well.
func TestDefectSweepCrowd(t *testing.T) {
	const timeout = time.Second
	for _, k := range engineKinds {
		if stdOnly || !slices.Contains(ringKinds, k.name) {
			continue
		}
		k.cfg.IdleTimeout = timeout
		t.Run(k.name, func(t *testing.T) {
			runOn(t, k, func(t *testing.T, e *uringnet.Engine) {
				var p parkedCrowd
				p.park(t, stackOf(e)) // some may be idle and closed before the last is there
				stop := compute()
				defer stop()
				begin := time.Now()
				p.ended(t, uringnet.ErrIdle)
				took := time.Since(begin)
				t.Logf("all were closed %v after the last had come; IdleTimeout %v", took, timeout)
				if most := timeout + timeout/4 + closesWithin; took > most {
					t.Errorf("%d idle connections were closed after %v; want at most %v", crowd, took, most)
				}
			})
		})
	}
}
