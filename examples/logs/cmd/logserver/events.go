package main

import (
	"net"

	"github.com/uringnet/go-uringnet/examples/logs/guard"
	"github.com/uringnet/go-uringnet/examples/logs/intake"
	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/uringnet"
)

// evented is a connection whose bytes come as events of its ring. It is the
// handler of these and, for its session, the peer.
type evented struct {
	*uringnet.EventConn
	activity
	pacer
	srv     *server
	proto   intake.Proto
	source  *store.Source
	session *intake.Session
}

// serveEvents hands a connection over to its ring.
func (s *server) serveEvents(l *listener, c net.Conn, t *guard.Ticket) {
	e := &evented{srv: s, proto: l.proto, source: intake.SourceOf(c, l.name)}
	e.pacer = pacer{ticket: t, conn: eventGate{e}, slowed: e.slowed}
	if _, err := s.engine.AttachEvents(c, e); err != nil {
		s.complain.Warn("logserver: events", "error", err)
		_ = c.Close()
		s.left(t)
	}
}

// Opened begins the session.
func (e *evented) Opened(c *uringnet.EventConn) {
	e.EventConn = c
	e.session = e.srv.intake.NewSession(e, e.proto, c.Ring(), e.source)
	e.touch(e.srv, true)
	if !e.srv.enter(e) {
		_ = c.Close()
	}
}

// Data passes on what was received.
func (e *evented) Data(_ *uringnet.EventConn, b []byte) {
	e.touch(e.srv, true)
	e.session.Data(b)
}

// Closed ends the session.
func (e *evented) Closed(_ *uringnet.EventConn, err error) {
	e.session.End(err)
	e.end()
	e.srv.left(e.ticket)
	e.srv.leave(e)
}

// Held is told whether the store holds the connection back.
func (e *evented) Held(held bool) { e.hold(e.srv, held) }

// slowed is told whether the rate of its source holds the connection back.
func (e *evented) slowed(slow bool) {
	e.slow.Store(slow)
	if slow {
		e.srv.tellSlowed(e.RemoteAddr())
	}
}

// hurry has it look at once whether it may go on.
func (e *evented) hurry() { e.look() }

// Pause holds the peer back until Resume; the session calls it.
func (e *evented) Pause() { e.stall() }

// Resume undoes Pause. The peer may still wait for the rate of its source.
func (e *evented) Resume() { e.unstall() }

// eventGate pauses the connection itself.
type eventGate struct{ e *evented }

// Pause stops events.
func (g eventGate) Pause() {
	g.e.touch(g.e.srv, false)
	g.e.EventConn.Pause()
}

// Resume undoes Pause.
func (g eventGate) Resume() {
	g.e.touch(g.e.srv, true)
	g.e.EventConn.Resume()
}

func (e *evented) finish() { e.session.HangUp() }
