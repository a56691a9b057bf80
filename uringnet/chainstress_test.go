//go:build linux

package uringnet_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// Chains over the same connections, from several goroutines, while others set
// deadlines, read, and close the connections and then the engine: every call ends
// and says why, and nothing is left.
func TestChainStress(t *testing.T) {
	for _, k := range append([]engineKind{{"no-links", small(uringnet.Config{Disable: uringnet.FeatLinks})}}, engineKinds...) {
		if k.name == "std" || !stdOnly {
			t.Run(k.name, func(t *testing.T) {
				for range 3 {
					runOn(t, k, stressChains)
				}
			})
		}
	}
}

// stressConns is how many connections the chains of a round share.
const stressConns = 4

func stressChains(t *testing.T, e *uringnet.Engine) {
	var peers, conns []net.Conn
	for range stressConns {
		peer, c := mixedPair(t, stdStack, stackOf(e), "tcp")
		peers, conns = append(peers, peer), append(conns, c)
	}
	f := openNew(t, e)
	var runners, others sync.WaitGroup
	for range 4 {
		rnd := rand.New(rand.NewPCG(rand.Uint64(), 0))
		runners.Go(func() {
			for range 12 {
				ch := randomChain(rnd, e, conns, f)
				for range 2 {
					checkChainErr(t, ch.Run())
				}
			}
		})
	}
	for i, c := range conns {
		runners.Go(func() { // it waits while a chain receives
			for b := make([]byte, 2); ; {
				if _, err := c.Read(b); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					return
				}
				runtime.Gosched()
			}
		})
		rnd := rand.New(rand.NewPCG(rand.Uint64(), 0))
		others.Go(func() {
			for range 30 {
				_, _ = peers[i].Write(make([]byte, rnd.IntN(20)))
				_ = c.SetDeadline(time.Now().Add(time.Duration(rnd.IntN(2000)) * time.Microsecond))
				time.Sleep(time.Duration(rnd.IntN(300)) * time.Microsecond) // let chains run, some of the time
			}
			_ = c.Close()
		})
	}
	if rand.IntN(2) == 0 { // with everything under way
		_, err := startErr("Engine.Close", e.Close).wait(t)
		must(t, err)
	}
	_, _ = startErr("Close", func() error { others.Wait(); return nil }).wait(t)
	_, _ = startErr("Run or Read", func() error { runners.Wait(); return nil }).wait(t)
}

// randomChain is a chain of a few steps of every kind.
func randomChain(rnd *rand.Rand, e *uringnet.Engine, conns []net.Conn, f *uringnet.File) *uringnet.Chain {
	ch := e.NewChain()
	for range 1 + rnd.IntN(4) {
		var s *uringnet.Step
		c, b := conns[rnd.IntN(len(conns))], make([]byte, 1+rnd.IntN(8))
		switch rnd.IntN(6) {
		case 0:
			s = ch.WriteAt(f, b, int64(rnd.IntN(100)))
		case 1:
			s = ch.Datasync(f)
		case 2, 3:
			s = ch.Send(c, b)
		default:
			s = ch.Recv(c, b)
		}
		if rnd.IntN(3) == 0 {
			s.Hard()
		}
		if rnd.IntN(2) == 0 {
			s.Within(time.Duration(rnd.IntN(2000)) * time.Microsecond)
		}
	}
	return ch
}

// checkChainErr checks that a chain that was disturbed says so.
func checkChainErr(t *testing.T, err error) {
	var ce *uringnet.ChainError
	if err == nil {
		return
	}
	if !errors.As(err, &ce) {
		t.Errorf("Run: %T %v", err, err)
	}
	for _, want := range []error{
		net.ErrClosed, os.ErrClosed, os.ErrDeadlineExceeded, io.ErrUnexpectedEOF, uringnet.ErrShort, uringnet.ErrCanceled,
		syscall.ECONNRESET, syscall.EPIPE,
	} {
		if errors.Is(err, want) {
			return
		}
	}
	t.Errorf("Run: %v", err)
}
