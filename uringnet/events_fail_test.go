package uringnet_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// On the standard library, bytes that were read when a Write fails are passed on
// before the error.
func TestEventsStdWriteFails(t *testing.T) {
	forEngines(t, []string{"std"}, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		data := make(chan string, 10)
		closed, onClosed := ends()
		ec, err := e.AttachEvents(server, &eventFuncs{
			data:   func(_ *uringnet.EventConn, b []byte) { data <- string(b) },
			closed: onClosed,
		})
		must(t, err)
		eventually(t, "the connection's goroutine reads", func() bool {
			for stack := range strings.SplitSeq(allStacks(), "\n\n") {
				if strings.Contains(stack, "(*stdEvents).readAll") && strings.Contains(stack, " [IO wait") {
					return true
				}
			}
			return false
		})
		ec.Pause() // the Read that waits brings bytes all the same
		write(t, client, "last")
		failWrites(t, server, ec)
		ec.Resume()
		if got := next(t, "Data", data); got != "last" {
			t.Errorf("Data(%q)", got)
		}
		if err := next(t, "Closed", closed); err == nil || errors.Is(err, net.ErrClosed) {
			t.Errorf("Closed(%v); want the error of the Write", err)
		}
	})
}

// On the standard library, a Write that fails ends the connection also if much
// output is left.
func TestEventsStdWriteFailsWithOutput(t *testing.T) {
	forEngines(t, []string{"std"}, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		written := make(chan struct{})
		closed, onClosed := ends()
		ec, err := e.AttachEvents(server, &eventFuncs{
			data: func(c *uringnet.EventConn, _ []byte) {
				_, _ = c.Write(zeros) // more than the sockets take: it waits
				close(written)
			},
			closed: onClosed,
		})
		must(t, err)
		write(t, client, "go")
		next(t, "Data", written)
		_, err = ec.Write(zeros)
		must(t, err)
		failWrites(t, server, ec)
		if err := next(t, "Closed", closed); err == nil || errors.Is(err, net.ErrClosed) {
			t.Errorf("Closed(%v); want the error of the Write", err)
		}
	})
}

// failWrites makes the writes of a connection that is served fail.
func failWrites(t *testing.T, c net.Conn, ec *uringnet.EventConn) {
	t.Helper()
	must(t, c.(*uringnet.TCPConn).CloseWrite())
	eventually(t, "a Write fails", func() bool {
		_, err := ec.Write([]byte("x"))
		return err != nil
	})
}

// closedFirst is a listener whose first connection is closed when it comes.
type closedFirst struct {
	net.Listener
	n int
}

func (l *closedFirst) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if l.n++; err == nil && l.n == 1 {
		c.Close()
	}
	return c, err
}

// A connection that cannot be served does not end the serving of others.
func TestServeEventsGoesOn(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stackOf(e), "tcp")
		h := newEchoEvents()
		served := startErr("ServeEvents", func() error { return e.ServeEvents(&closedFirst{Listener: ln}, h) })
		first := dialEvents(t, ln.Addr())
		if n, err := first.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("the first connection reads %d, %v", n, err)
		}
		second := dialEvents(t, ln.Addr())
		write(t, second, "echo")
		expect(t, second, "echo")
		must(t, ln.Close())
		if _, err := served.wait(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("ServeEvents: %v", err)
		}
	})
}

// A listener of package net cannot be served: the first connection tells.
func TestServeEventsForeign(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stdStack, "tcp")
		served := startErr("ServeEvents", func() error { return e.ServeEvents(ln, newEchoEvents()) })
		dialEvents(t, ln.Addr())
		if _, err := served.wait(t); err == nil || errors.Is(err, net.ErrClosed) {
			t.Errorf("ServeEvents of connections that it cannot serve: %v", err)
		}
	})
}

// A connection of another engine is served on that engine's rings, each in turn.
func TestAttachEventsOfOther(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		if onStd(e) {
			return // it has no rings to be on
		}
		other := newEngine(t, small(uringnet.Config{Rings: 3}))
		for from, by := range map[*uringnet.Engine]*uringnet.Engine{e: other, other: e} {
			rings := from.Status().Ring.Rings
			used := make(map[int]bool)
			for range rings {
				_, server := pair(t, stackOf(from), "tcp")
				closed, onClosed := ends()
				ec, err := by.AttachEvents(server, &eventFuncs{closed: onClosed})
				must(t, err)
				used[ec.Ring()] = true
				must(t, ec.Close())
				next(t, "Closed", closed)
			}
			if len(used) != rings {
				t.Errorf("%d of %d rings were used: %v", len(used), rings, used)
			}
		}
	})
}
