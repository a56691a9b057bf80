package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/relp"
	"github.com/uringnet/go-uringnet/uringnet"
)

// link is a connection that lines are shipped over. Its methods are those of
// relp.Client.
type link interface {
	Send(msg []byte) error
	Flush() error
	Close() error
	Abort()
	Done() <-chan struct{}
	Err() error
}

// connectTime is how long one of several servers may take to be connected to: the
// others are not to wait for it.
const connectTime = 5 * time.Second

// connect opens a connection to the present server.
func (s *shipper) connect(ctx context.Context) (link, error) {
	limit, to := s.cfg.timeout, s.cfg.servers[s.server]
	if len(s.cfg.servers) > 1 {
		limit = min(limit, connectTime)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := new(uringnet.Dialer).DialContext(ctx, to.network, to.address)
	if err != nil {
		return nil, err
	}
	// Until the link has it, the end of ctx closes it.
	unwatch := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer unwatch()
	if s.cfg.secrets != nil {
		tc := tls.Client(conn, s.tlsConfig(to))
		if err := tc.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = tc
	}
	if s.cfg.proto == protoRELP {
		return relp.NewClient(conn, relp.ClientConfig{Window: s.cfg.window, Timeout: s.cfg.timeout, Acked: s.shipped})
	}
	return newLineLink(conn, s.cfg.timeout, s.shipped), nil
}

// tlsConfig returns what the next connection uses: the certificates as the files
// have them now.
func (s *shipper) tlsConfig(to server) *tls.Config {
	changed, err := s.cfg.secrets.refresh()
	switch {
	case err != nil:
		s.log.Error("certificates that have changed cannot be read: those read before stay", "error", err)
	case changed:
		s.log.Info("certificates are read again")
	}
	return s.cfg.secrets.config(to.name)
}

// lineLink sends lines that nobody acknowledges: they count as shipped when they
// are written.
type lineLink struct {
	conn    net.Conn
	timeout time.Duration
	shipped func(n int)
	out     []byte // not written
	n       int    // messages in out

	mu   sync.Mutex
	err  error
	done chan struct{} // closed when the connection is over
	eof  chan struct{} // closed when the server has ended it
}

func newLineLink(conn net.Conn, timeout time.Duration, shipped func(int)) *lineLink {
	l := &lineLink{conn: conn, timeout: timeout, shipped: shipped, done: make(chan struct{}), eof: make(chan struct{})}
	go func() {
		defer close(l.eof)
		_, err := io.Copy(io.Discard, conn)
		if err == nil {
			err = io.EOF
		}
		l.fail(err)
	}()
	return l
}

// lineBatch is how many bytes of lines are collected before they are written.
const lineBatch = 64 << 10

func (l *lineLink) Send(msg []byte) error {
	l.out = append(append(l.out, msg...), '\n')
	l.n++
	if len(l.out) >= lineBatch {
		return l.Flush()
	}
	return l.Err()
}

func (l *lineLink) Flush() error {
	if err := l.Err(); err != nil || l.n == 0 {
		return err
	}
	_ = l.conn.SetWriteDeadline(time.Now().Add(l.timeout)) // if it fails, so does the Write
	if _, err := l.conn.Write(l.out); err != nil {
		l.fail(err)
		return l.Err()
	}
	l.shipped(l.n)
	l.out, l.n = l.out[:0], 0
	return nil
}

// Close sends what there is and waits for the server to have read it: for its
// end of the connection.
func (l *lineLink) Close() error {
	if err := l.Flush(); err != nil {
		return err
	}
	if c, ok := l.conn.(interface{ CloseWrite() error }); ok && c.CloseWrite() == nil {
		_ = l.conn.SetReadDeadline(time.Now().Add(l.timeout))
		<-l.eof
	}
	l.Abort()
	return nil
}

func (l *lineLink) Abort() {
	l.fail(net.ErrClosed)
	<-l.eof
}

// fail ends the connection, for the first of its reasons.
func (l *lineLink) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
		_ = l.conn.Close()
		close(l.done)
	}
}

func (l *lineLink) Done() <-chan struct{} { return l.done }

func (l *lineLink) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
