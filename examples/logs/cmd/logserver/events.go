package main

import (
	"net"

	"github.com/uringnet/go-uringnet/examples/logs/intake"
	"github.com/uringnet/go-uringnet/uringnet"
)

// evented is a connection whose bytes come as events of its ring. It is the
// handler of these and, for its session, the peer.
type evented struct {
	*uringnet.EventConn
	activity
	srv     *server
	proto   intake.Proto
	session *intake.Session
}

// serveEvents hands a connection over to its ring.
func (s *server) serveEvents(l *listener, c net.Conn) {
	if _, err := s.engine.AttachEvents(c, &evented{srv: s, proto: l.proto}); err != nil {
		s.complain.Warn("logserver: events", "error", err)
		_ = c.Close()
		s.open.Add(-1)
	}
}

// Opened begins the session.
func (e *evented) Opened(c *uringnet.EventConn) {
	e.EventConn = c
	e.session = e.srv.intake.NewSession(e, e.proto, c.Ring())
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
	e.srv.open.Add(-1)
	e.srv.leave(e)
}

// Held is told whether the store holds the connection back.
func (e *evented) Held(held bool) { e.hold(e.srv, held) }

// Pause holds the peer back.
func (e *evented) Pause() {
	e.touch(e.srv, false)
	e.EventConn.Pause()
}

// Resume undoes Pause.
func (e *evented) Resume() {
	e.touch(e.srv, true)
	e.EventConn.Resume()
}

func (e *evented) finish() { e.session.HangUp() }
