package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/guard"
	"github.com/uringnet/go-uringnet/examples/logs/intake"
)

// handshakeTimeout is how long a client may take to begin TLS.
const handshakeTimeout = 10 * time.Second

// connection is one that is being served, in either mode.
type connection interface {
	// silent returns for how long nothing has come although more was waited
	// for; 0 while the store, or the rate of its source, holds the connection back.
	silent(now time.Time) time.Duration
	// begin starts the time of silence.
	begin(now time.Time)
	// finish ends the connection because it is idle; RELP's client is told so. It
	// does not wait.
	finish()
	// hurry has a connection that waits for its source's rate look again.
	hurry()
	// Close ends the connection at once.
	Close() error
}

// activity is when a connection was active last.
type activity struct {
	last    atomic.Int64 // Unix nanoseconds; kept while the server watches
	waiting atomic.Bool  // for the peer
	held    atomic.Bool  // the store holds the connection back
	slow    atomic.Bool  // the rate of its source does
}

// hold notes whether the store holds the connection back, though it may be read.
func (a *activity) hold(s *server, held bool) {
	a.touch(s, a.waiting.Load())
	a.held.Store(held)
}

// touch notes that something has happened, and whether the peer is waited for
// now.
func (a *activity) touch(s *server, waiting bool) {
	if s.watching.Load() {
		a.last.Store(time.Now().UnixNano())
	}
	a.waiting.Store(waiting)
}

func (a *activity) begin(now time.Time) { a.last.Store(now.UnixNano()) }

func (a *activity) silent(now time.Time) time.Duration {
	if !a.waiting.Load() || a.held.Load() || a.slow.Load() {
		return 0
	}
	return time.Duration(now.UnixNano() - a.last.Load())
}

// blocking is a connection that has a goroutine.
type blocking struct {
	net.Conn
	activity
	rateWait
	srv       *server
	finishing atomic.Bool
	gone      sync.Once
}

// Held is told whether the store holds the connection back.
func (b *blocking) Held(held bool) { b.hold(b.srv, held) }

// Close closes the connection, which does not count against -max-conns from now
// on: what it has sent may wait for the store for a long time.
func (b *blocking) Close() error {
	defer b.gone.Do(func() {
		close(b.closed)
		b.srv.left(b.ticket)
	})
	return b.Conn.Close()
}

// serveConn starts the goroutine of a connection.
func (s *server) serveConn(l *listener, c net.Conn, t *guard.Ticket) {
	b := &blocking{Conn: c, srv: s, rateWait: newRateWait(t)}
	if l.tls {
		b.Conn = tls.Server(c, s.keys.conf.Load())
	}
	b.touch(s, true)
	if !s.enter(b) {
		_ = b.Close()
		return
	}
	go func() {
		defer s.leave(b)
		if err := b.handshake(); err != nil {
			s.stats.ConnsTotal.Add(1)
			if !b.finishing.Load() { // else it counts as idle
				s.stats.ConnErrors.Add(1)
				s.handshakeFailed(c.RemoteAddr(), err)
			}
			_ = b.Close()
			return
		}
		s.intake.ServeConn(b, l.proto, intake.SourceOf(b.Conn, l.name))
	}()
}

// handshakeFailed logs why a connection has ended that did not begin.
func (s *server) handshakeFailed(remote net.Addr, err error) {
	err = fmt.Errorf("%v: %w", remote, err)
	if badClientCertificate(err) {
		s.tellRefused(remote, noClientCertificate, err)
		return
	}
	s.complain.Warn("logserver: TLS handshake", "error", err)
}

// handshake begins TLS, if the connection is to have it.
func (b *blocking) handshake() error {
	secure, ok := b.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	return secure.HandshakeContext(ctx)
}

// Read reads, when the rate of its source lets it. An idle connection ends in
// intake.ErrHangUp.
func (b *blocking) Read(p []byte) (int, error) {
	b.await(func() {
		b.touch(b.srv, false)
		b.srv.tellSlowed(b.RemoteAddr())
	})
	b.touch(b.srv, true)
	n, err := b.Conn.Read(p)
	b.touch(b.srv, false)
	if err == nil || err == io.EOF {
		return n, err
	}
	if b.finishing.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
		return n, intake.ErrHangUp
	}
	return n, err
}

func (b *blocking) finish() {
	b.finishing.Store(true)
	_ = b.SetReadDeadline(time.Unix(1, 0))
}
