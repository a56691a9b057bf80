package uringnet

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/poller"
)

// EventHandler is a server without a goroutine for each connection: its
// methods are called on the goroutine that drives a connection's ring, with
// the received bytes where the kernel put them. For each connection they are
// called one at a time; those of connections on different rings run at the same
// time. They must not block, nor call anything of this package that waits (a
// Read, a Dial, Engine.Close): all connections of the ring would wait too. A
// panic ends the process.
type EventHandler interface {
	// Opened is the first call for a connection.
	Opened(c *EventConn)
	// Data takes bytes that have arrived. b is valid during the call only.
	Data(c *EventConn, b []byte)
	// Closed is the last call: err is io.EOF when the peer has ended its side
	// (what was written is still sent), else why the connection was closed;
	// it matches net.ErrClosed after EventConn.Close.
	Closed(c *EventConn, err error)
}

// WritableHandler is an EventHandler that is told when it may write again.
type WritableHandler interface {
	EventHandler
	// Writable is called when Write has refused output with ErrPending and half of
	// the bound is free again.
	Writable(c *EventConn)
}

func tellWritable(h EventHandler, c *EventConn) {
	if w, ok := h.(WritableHandler); ok {
		w.Writable(c)
	}
}

// ErrPending is what EventConn.Write returns when too much output is pending. It comes
// wrapped in a *net.OpError.
var ErrPending = poller.ErrPending

// ServeEvents accepts connections on ln and hands each over to h, until Accept
// fails: it then returns that error, net.ErrClosed after ln.Close. Connections
// that are open go on; one that cannot be handed over is closed. ln must be of this package; on the standard library
// each connection has a goroutine that reads and calls h.
func (e *Engine) ServeEvents(ln net.Listener, h EventHandler) error {
	for pause := time.Duration(0); ; {
		c, err := ln.Accept()
		if err == nil {
			pause = 0
			if err := e.serve(c, h); err != nil {
				return err
			}
			continue
		}
		var ne net.Error
		//lint:ignore SA1019 as net/http's Serve: EMFILE and its like pass
		if !errors.As(err, &ne) || !ne.Temporary() {
			return err
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		time.Sleep(pause)
	}
}

// serve hands an accepted connection over to h. An error says that it would be
// the same with the next.
func (e *Engine) serve(c net.Conn, h EventHandler) error {
	_, err := e.AttachEvents(c, h)
	if err == nil {
		return nil
	}
	c.Close()
	if _, foreign := connOf(c); foreign != nil || e.closed.Load() {
		return err
	}
	return nil
}

// AttachEvents hands a connection of this package over to h. c must not be used
// any more; bytes that were received and not read are passed to h first. (A
// unix connection loses descriptors that are sent along.)
func (e *Engine) AttachEvents(c net.Conn, h EventHandler) (*EventConn, error) {
	inner, err := connOf(c)
	if err != nil {
		return nil, err
	}
	from := inner.eng // which may be another than e
	ec := &EventConn{owner: c, conn: inner, h: h, ring: int((from.nextRing.Add(1) - 1) & (1<<31 - 1))}
	if inner.fd == nil {
		ec.std = newStdEvents(ec)
		go ec.std.read()
		return ec, nil
	}
	ec.ring %= max(1, from.status.Ring.Rings)
	if err := inner.fd.Serve((*ringEvents)(ec), ec.ring); err != nil {
		return nil, inner.fail("attach", "attach", err)
	}
	return ec, nil
}

func connOf(c net.Conn) (*conn, error) {
	var inner *conn
	switch c := c.(type) {
	case *TCPConn:
		inner = &c.conn
	case *UnixConn:
		inner = &c.conn
	default:
		return nil, fmt.Errorf("uringnet: cannot serve events on a %T: want a *uringnet.TCPConn or *uringnet.UnixConn", c)
	}
	if !inner.ok() {
		return nil, syscall.EINVAL
	}
	return inner, nil
}

// EventConn is a connection whose bytes are handed to an EventHandler. Its
// methods may be called from any goroutine, and never wait for the peer.
type EventConn struct {
	owner net.Conn // kept from being closed as lost
	conn  *conn
	h     EventHandler
	ring  int
	std   *stdEvents // nil: a ring carries the connection
	ctx   atomic.Pointer[any]
}

// ringEvents is an EventConn as its ring sees it.
type ringEvents EventConn

func (r *ringEvents) Opened()       { r.h.Opened((*EventConn)(r)) }
func (r *ringEvents) Data(b []byte) { r.h.Data((*EventConn)(r), b) }

func (r *ringEvents) Writable() { tellWritable(r.h, (*EventConn)(r)) }

func (r *ringEvents) Closed(err error) {
	c := (*EventConn)(r)
	switch err {
	case io.EOF:
	case syscall.EPIPE: // only sends fail with it
		err = r.conn.fail("write", "write", err)
	default:
		err = r.conn.fail("read", "read", err)
	}
	r.h.Closed(c, err)
}

// Write queues b, which is copied, and returns at once: what the handlers of a
// round write on a connection is sent as one. An error says that the
// connection was closed, or matches ErrPending: more output waits than SetPending
// allows, and nothing of b was taken; see WritableHandler. Output that the peer does not
// take is kept, see Buffered; while it is more than 1 MiB no Data is called.
func (c *EventConn) Write(b []byte) (int, error) {
	if c.std != nil {
		if err := c.std.push(b); err != nil {
			return 0, err
		}
		return len(b), nil
	}
	if err := c.conn.fd.Push(b); err != nil {
		return 0, c.conn.fail("write", "write", err)
	}
	return len(b), nil
}

// SetPending sets how many bytes of output may wait for the peer before Write refuses
// more; 64 MiB unless it is called. One Write may always be as long as it likes.
func (c *EventConn) SetPending(bytes int) {
	if c.std != nil {
		c.std.setPending(bytes)
	} else {
		c.conn.fd.SetPending(bytes)
	}
}

// Buffered is how many bytes were written that the kernel has not taken yet.
func (c *EventConn) Buffered() int {
	if c.std != nil {
		return c.std.buffered()
	}
	return c.conn.fd.Buffered()
}

// Pause stops calls of Data until Resume, so that the peer is held back. A call
// that is running goes on.
func (c *EventConn) Pause() {
	if c.std != nil {
		c.std.setPaused(true)
	} else {
		c.conn.fd.PauseEvents()
	}
}

// Resume undoes Pause.
func (c *EventConn) Resume() {
	if c.std != nil {
		c.std.setPaused(false)
	} else {
		c.conn.fd.ResumeEvents()
	}
}

// Close closes the connection when what was written before has been sent, or
// after five seconds. Closed is called with an error that matches net.ErrClosed.
func (c *EventConn) Close() error {
	var err error
	if c.std != nil {
		err = c.std.close()
	} else {
		err = c.conn.fd.CloseEvents()
	}
	if err != nil {
		return c.conn.fail("close", "close", err)
	}
	return nil
}

// LocalAddr returns the local network address.
func (c *EventConn) LocalAddr() net.Addr { return c.conn.addr.local }

// RemoteAddr returns the remote network address.
func (c *EventConn) RemoteAddr() net.Addr { return c.conn.addr.remote }

// Ring is the number of the connection's home ring, whose goroutine calls its
// handler; on the standard library a running number.
func (c *EventConn) Ring() int { return c.ring }

// SetContext keeps a value of the handler's with the connection.
func (c *EventConn) SetContext(v any) { c.ctx.Store(&v) }

// Context returns what SetContext was given, nil if nothing.
func (c *EventConn) Context() any {
	if p := c.ctx.Load(); p != nil {
		return *p
	}
	return nil
}
