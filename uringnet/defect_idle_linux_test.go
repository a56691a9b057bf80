package uringnet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// idleAfter is the IdleTimeout of the tests here. A step is how often something
// moves.
const (
	idleAfter = 600 * time.Millisecond
	idleStep  = idleAfter / 8
)

// forIdleEngines is forEngines with an IdleTimeout.
func forIdleEngines(t *testing.T, f func(t *testing.T, e *uringnet.Engine)) {
	t.Helper()
	for _, k := range engineKinds {
		for _, name := range mainKinds {
			if k.name == name && (name == "std" || !stdOnly) {
				k.cfg.IdleTimeout = idleAfter
				t.Run(k.name, func(t *testing.T) { runOn(t, k, f) })
			}
		}
	}
}

// A pacer lets a loop go on once in each step, and knows how steady it was: after
// a longer pause than half of the timeout a closed connection proves nothing.
type pacer struct {
	tick    *time.Ticker
	last    time.Time
	longest time.Duration
}

func newPacer(t *testing.T) *pacer {
	p := &pacer{tick: time.NewTicker(idleStep), last: time.Now()}
	t.Cleanup(p.tick.Stop)
	return p
}

func (p *pacer) next() {
	<-p.tick.C
	p.longest = max(p.longest, time.Since(p.last))
	p.last = time.Now()
}

// check fails the test with what broke a connection that was in use.
func (p *pacer) check(t *testing.T, what string, err error) {
	t.Helper()
	switch {
	case err == nil:
	case p.longest > idleAfter/2:
		t.Fatalf("this machine is too busy for the test (it paused for %v): %s: %v", p.longest, what, err)
	default:
		t.Fatalf("%s: %v, with bytes moved every %v (longest pause %v, IdleTimeout %v)", what, err, idleStep, p.longest, idleAfter)
	}
}

// narrowPair returns a connection of e whose peer takes few bytes ahead of its
// Reads.
func narrowPair(t *testing.T, e *uringnet.Engine) (c *uringnet.TCPConn, peer net.Conn) {
	t.Helper()
	const narrow = 32 << 10
	ln := listen(t, stackOf(e), "tcp")
	d := net.Dialer{Control: func(_, _ string, rc syscall.RawConn) error {
		var err error
		cerr := rc.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, narrow) })
		return errors.Join(cerr, err)
	}}
	peer, err := d.DialContext(context.Background(), "tcp", ln.Addr().String())
	must(t, err)
	t.Cleanup(func() { peer.Close() })
	c = accept(t, ln).(*uringnet.TCPConn)
	must(t, c.SetWriteBuffer(narrow))
	return c, peer
}

// readSteadily reads all of want from peer, a little in each step.
func readSteadily(t *testing.T, p *pacer, peer net.Conn, want []byte) {
	t.Helper()
	begin := time.Now()
	got := make([]byte, 0, len(want))
	for b := make([]byte, 16<<10); len(got) < len(want); {
		p.next()
		must(t, peer.SetReadDeadline(time.Now().Add(patience)))
		n, err := peer.Read(b)
		got = append(got, b[:n]...)
		p.check(t, fmt.Sprintf("the peer's Read after %d bytes", len(got)), err)
	}
	if !bytes.Equal(got, want) {
		t.Error("other bytes came than were written")
	}
	if took := time.Since(begin); took < 3*idleAfter {
		t.Errorf("the transfer took only %v", took)
	}
}

// checkIdle checks that a connection on which nothing moves any more is closed.
func checkIdle(t *testing.T, e *uringnet.Engine, c net.Conn) {
	t.Helper()
	if !e.Status().IOUring { // net has no IdleTimeout
		return
	}
	if _, err := startRead(c, 1).wait(t); !errors.Is(err, uringnet.ErrIdle) {
		t.Errorf("Read on the idle connection: %v; want ErrIdle", err)
	}
}

// An event-driven connection is in use while its peer takes what was written, be
// it slowly; then it is idle.
func TestDefectIdleEvents(t *testing.T) {
	forIdleEngines(t, func(t *testing.T, e *uringnet.Engine) {
		c, peer := narrowPair(t, e)
		closed, onClosed := ends()
		ec, err := e.AttachEvents(c, &eventFuncs{closed: onClosed})
		must(t, err)
		want := randomBytes(6, 512<<10)
		n, err := ec.Write(want)
		if n != len(want) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
		readSteadily(t, newPacer(t), peer, want)
		if e.Status().IOUring { // net has no IdleTimeout
			if err := next(t, "Closed of the idle connection", closed); !errors.Is(err, uringnet.ErrIdle) {
				t.Errorf("Closed(%v); want ErrIdle", err)
			}
		}
	})
}

// So is a connection while a chain sends on it.
func TestDefectIdleChainSend(t *testing.T) {
	forIdleEngines(t, func(t *testing.T, e *uringnet.Engine) {
		c, peer := narrowPair(t, e)
		want := randomBytes(7, 512<<10)
		ch := e.NewChain()
		step := ch.Send(c, want)
		run := startErr("Chain.Run", ch.Run)
		readSteadily(t, newPacer(t), peer, want)
		if _, err := run.wait(t); err != nil || step.N != len(want) {
			t.Fatalf("Run: %v, with %d of %d bytes sent", err, step.N, len(want))
		}
		checkIdle(t, e, c)
	})
}

// Chains that move a little now and then keep a connection open, whichever way.
func TestDefectIdleChains(t *testing.T) {
	const steps = 3 * 8 // three timeouts
	forIdleEngines(t, func(t *testing.T, e *uringnet.Engine) {
		for _, k := range []struct {
			name string
			add  func(ch *uringnet.Chain, c net.Conn)
		}{
			{"Send", func(ch *uringnet.Chain, c net.Conn) { ch.Send(c, []byte("x")) }},
			{"Recv", func(ch *uringnet.Chain, c net.Conn) { ch.Recv(c, make([]byte, 1)) }},
		} {
			t.Run(k.name, func(t *testing.T) {
				c, peer := mixedPair(t, stackOf(e), stdStack, "tcp")
				p := newPacer(t)
				for i := range steps {
					p.next()
					if k.name == "Recv" {
						_, err := peer.Write([]byte("x"))
						p.check(t, fmt.Sprint("the peer's Write in step ", i), err)
					}
					ch := e.NewChain()
					k.add(ch, c)
					_, err := startErr("Chain.Run", ch.Run).wait(t)
					p.check(t, fmt.Sprint(k.name, " in step ", i), err)
				}
				checkIdle(t, e, c)
			})
		}
	})
}

// So is one while a step receives its bytes one by one.
func TestDefectIdleChainRecv(t *testing.T) {
	forIdleEngines(t, func(t *testing.T, e *uringnet.Engine) {
		c, peer := mixedPair(t, stackOf(e), stdStack, "tcp")
		want := randomBytes(8, 3*8)
		got := make([]byte, len(want))
		ch := e.NewChain()
		ch.Recv(c, got)
		run := startErr("Chain.Run", ch.Run)
		p := newPacer(t)
		for i := range want {
			p.next()
			_, err := peer.Write(want[i : i+1])
			p.check(t, fmt.Sprint("the peer's Write of byte ", i), err)
		}
		_, err := run.wait(t)
		p.check(t, "Run", err)
		if !bytes.Equal(got, want) {
			t.Errorf("received %q; want %q", got, want)
		}
	})
}
