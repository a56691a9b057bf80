package intake

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A Peer is the connection of a Session, as the Session sees it. If it has a
// method Received(n int), that is told how many logs came, so that the Peer can
// pause itself for their rate; it is called with the session's lock held.
type Peer interface {
	// Write sends b, or copies it to be sent. It must not wait for the client.
	// If the Peer has a method Buffered() int, the number of bytes not sent
	// yet, a client that does not read is found out by it.
	Write(b []byte) (int, error)
	// Pause has no more data delivered until Resume. What was on its way may
	// still be.
	Pause()
	Resume()
	// Close closes the connection after what was written has been sent. It may
	// be called several times, and after the connection has ended.
	Close() error
}

// ErrHangUp is what ends a connection that the server wants to end: see
// Session.HangUp. A net.Conn given to Server.ServeConn returns it from Read.
var ErrHangUp = fmt.Errorf("the server hangs up: %w", io.EOF)

// errTLS is why a connection is refused that speaks TLS where it should not.
var errTLS = errors.New("a TLS handshake on a plain connection")

// A Session is the input of one connection. Data and End are called by one
// goroutine at a time, in order; both return soon.
type Session struct {
	srv   *Server
	peer  Peer
	proto Proto
	lane  sink
	done  chan struct{}                // closed when the store has all
	paced interface{ Received(n int) } // the peer, if it wants to know; or nil
	acks  acks
	parts atomic.Int64 // how much of Server.parts is the session's

	mu       sync.Mutex
	in       input
	began    bool // something came
	stalled  bool // the store is full; resume will be called
	closing  bool // no more input is wanted
	draining bool // the server hangs up
	counted  bool // in ConnErrors
	ended    bool // End was called
	paused   bool // the peer was, until resume
	gated    bool // the peer was, until there is memory
	expiring bool // the message was unfinished for too long; stop when it is stored
	source   *store.Source
	keyOf    *store.Source // of which key is made
	key      stats.SourceKey
	since    time.Time // when the unfinished message began; zero: there is none
	held     []byte
	ahead    int       // how much of Server.ahead is the session's
	arrived  time.Time // when held came
}

// NewSession begins a session with p, whose logs go to lane: connections that
// are served by different cores should use different ones. Its records say that
// src sent them; nil: nobody knows. After the last Session.Data the caller has to
// call Session.End.
func (s *Server) NewSession(p Peer, proto Proto, lane int, src *store.Source) *Session {
	x := &Session{
		srv: s, peer: p, proto: proto, lane: s.cfg.Store.Lane(lane), done: make(chan struct{}), source: src,
	}
	x.in.init(x)
	x.paced, _ = p.(interface{ Received(n int) })
	if !s.enter(x) {
		x.closing = true
		p.Close()
	}
	return x
}

// Data takes what came. b is not kept.
func (x *Session) Data(b []byte) {
	x.srv.stats.BytesIn.Add(uint64(len(b)))
	x.mu.Lock()
	switch {
	case x.closing:
	case x.stalled: // it was on its way when the peer was paused
		x.keep(b)
		x.holdBack()
	case !x.began && isTLS(b):
		x.refuse(errTLS)
	default:
		x.began = true
		used, err := x.in.feed(b, time.Time{})
		switch {
		case err != nil:
			x.refuse(err)
		case x.in.refused:
			x.hold(b[used:])
			x.holdBack()
		}
		x.noteUnfinished()
		x.account()
	}
	x.mu.Unlock()
	x.reply()
	x.srv.relieve(x)
}

// End says that the connection has ended: by io.EOF, by ErrHangUp, after which
// what there is to say is still sent, or an error. An unfinished
// line is stored. What was received before is stored also if the store has no
// room now; until then the session counts as a connection. Not so by RELP: what
// the store has not taken is not acknowledged, and comes again.
func (x *Session) End(err error) {
	x.mu.Lock()
	if x.ended {
		x.mu.Unlock()
		return
	}
	x.ended = true
	if errors.Is(err, ErrHangUp) {
		x.draining = true
		x.hangUp()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		if !x.closing && !x.draining && !errors.Is(err, net.ErrClosed) {
			x.countError()
		}
		x.acks.drop()
	}
	if x.proto == RELP && x.stalled {
		x.closing = true
		x.goOn()
		x.in.relp = nil // the store's notifier has the session for a while yet
	} else if x.proto != RELP {
		x.acks.finish() // nobody waits for anything
	}
	if !x.stalled {
		x.finish()
	}
	x.mu.Unlock()
	x.reply()
	x.srv.relieved()
}

// finish parses what the connection ended in the middle of. It may stall.
func (x *Session) finish() {
	if !x.closing {
		err := x.in.end()
		if x.in.refused {
			x.hold(nil)
			return
		}
		if err != nil && !x.draining {
			x.refuse(err)
		}
	}
	x.stop()
	x.in.drop()
	x.account()
	x.srv.leave(x)
	close(x.done)
}

// refuse ends the session because of what was sent: the connection is closed
// when what came before is acknowledged.
func (x *Session) refuse(err error) {
	x.srv.stats.Refused.Add(1)
	x.countError()
	x.report(err)
	x.stop()
}

// report tells why the connection is closed.
func (x *Session) report(err error) {
	tell := x.srv.cfg.Refused
	if tell == nil {
		return
	}
	if c, ok := x.peer.(interface{ RemoteAddr() net.Addr }); ok {
		err = fmt.Errorf("%v: %w", c.RemoteAddr(), err)
	}
	tell(err)
}

// stop ends the input and has the connection closed when all is acknowledged.
func (x *Session) stop() {
	x.closing = true
	x.acks.finish()
}

// HangUp ends the session from the server's side: when the store has taken what
// came, and what is to be acknowledged is. Data and End are called as before.
func (x *Session) HangUp() {
	x.mu.Lock()
	x.draining = true
	if !x.stalled {
		x.hangUp()
	}
	x.mu.Unlock()
	x.reply()
}

// hangUp has the connection closed when all is acknowledged. A RELP client is
// told so, and sends to somebody else what it does not find acknowledged: that
// is not taken any more. Of others what was on its way is.
func (x *Session) hangUp() {
	if x.proto == RELP && !x.closing {
		x.acks.push(run{reply: []byte("0 serverclose 0\n")})
		x.closing = true
	}
	x.acks.finish()
}

// Stored is called by the store.
func (x *Session) Stored(seq uint64, err error) {
	if err != nil {
		// It never will be: the client has to send it again, to someone else.
		if x.acks.drop() {
			x.peer.Close()
		}
		return
	}
	x.acks.tell(seq)
	x.reply()
}

// reply sends what can be sent, and closes the connection if that was the last.
func (x *Session) reply() {
	acked, end, unread := x.acks.drain(x.peer, x.srv.cfg.MaxUnread)
	if acked > 0 {
		x.srv.stats.Acks.Add(acked)
	}
	if unread {
		x.mu.Lock()
		x.closing = true
		x.countError()
		x.mu.Unlock()
	}
	if end {
		x.peer.Close()
	}
}

// countError counts the connection as one that an error ended, once.
func (x *Session) countError() {
	if !x.counted {
		x.counted = true
		x.srv.stats.ConnErrors.Add(1)
	}
}

// isTLS reports whether a connection that begins with b speaks TLS: a record of
// type handshake, version 3.x.
func isTLS(b []byte) bool {
	return len(b) > 0 && b[0] == 0x16 && (len(b) == 1 || b[1] == 3)
}
