package sink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// tlsTarget is a server that speaks RFC 5425: octet-counted frames over TLS, without
// acknowledgements. A message counts as delivered when the server's kernel has
// acknowledged its bytes, where ours can tell (Linux), else when they are written.
type tlsTarget struct {
	dialer
	relayed
}

// ackedEvery is how often the kernel is asked what the peer's has acknowledged.
const ackedEvery = 5 * time.Millisecond

// flushAt is how many bytes of frames are collected before they are written.
const flushAt = 64 << 10

// octetSession is a connection.
type octetSession struct {
	conn *tls.Conn
	relayed
	raw  *countedConn
	buf  []byte     // frames that are not written
	held []*message // in them
	body []byte

	mu    sync.Mutex
	out   []written // oldest first
	ended chan struct{}
	once  sync.Once
}

// written is what one write has sent.
type written struct {
	upTo uint64 // bytes of the connection
	msgs []*message
}

// countedConn counts the bytes written to the socket.
type countedConn struct {
	net.Conn
	sent atomic.Uint64
}

func (c *countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Add(uint64(n))
	return n, err
}

func (t *tlsTarget) open(ctx context.Context, fail func(error)) (session, error) {
	tcp, err := (&dialer{addr: t.addr}).dial(ctx)
	if err != nil {
		return nil, err
	}
	raw := &countedConn{Conn: tcp}
	conn := tls.Client(raw, t.secure)
	if err := conn.HandshakeContext(ctx); err != nil {
		tcp.Close()
		return nil, err
	}
	s := &octetSession{conn: conn, raw: raw, relayed: t.relayed, ended: make(chan struct{})}
	go s.listen(fail)
	go s.reap(fail)
	return s, nil
}

// send frames a message.
func (s *octetSession) send(_ context.Context, m *message) error {
	msg, err := s.message(&s.body, m)
	if err == nil && len(msg) == 0 {
		err = errors.New("a frame cannot have an empty message")
	}
	if err != nil {
		m.done(refuse(err))
		return nil
	}
	s.buf = strconv.AppendInt(s.buf, int64(len(msg)), 10)
	s.buf = append(s.buf, ' ')
	s.buf = append(s.buf, msg...)
	s.held = append(s.held, m)
	if len(s.buf) >= flushAt {
		return s.flush()
	}
	return nil
}

// flush writes the frames.
func (s *octetSession) flush() error {
	if len(s.held) == 0 {
		return nil
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(ackTimeout))
	if _, err := s.conn.Write(s.buf); err != nil {
		return err
	}
	s.mu.Lock()
	s.out = append(s.out, written{s.raw.sent.Load(), s.held})
	s.mu.Unlock()
	s.buf, s.held = s.buf[:0], nil
	return nil
}

// listen ends the session when the server does: it says nothing else.
func (s *octetSession) listen(fail func(error)) {
	_, err := io.Copy(io.Discard, s.conn)
	if err == nil {
		err = errors.New("the server has closed the connection")
	}
	fail(err)
}

// reap looks for what has been acknowledged by the server's kernel.
func (s *octetSession) reap(fail func(error)) {
	tick := time.NewTicker(ackedEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.ended:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		waiting := len(s.out) > 0
		s.mu.Unlock()
		if !waiting {
			continue
		}
		sent := s.raw.sent.Load() // before the question: what is written meanwhile is not asked for
		queued, err := unacknowledged(s.raw.Conn)
		if err != nil {
			fail(fmt.Errorf("asking for what is acknowledged: %w", err))
			return
		}
		s.acked(sent - min(queued, sent))
	}
}

// acked has all done that was written up to a number of bytes.
func (s *octetSession) acked(upTo uint64) {
	for {
		s.mu.Lock()
		if len(s.out) == 0 || s.out[0].upTo > upTo {
			s.mu.Unlock()
			return
		}
		done := s.out[0].msgs
		s.out = s.out[1:]
		s.mu.Unlock()
		for _, m := range done {
			m.done(nil)
		}
	}
}

func (s *octetSession) patient() bool { return false }

func (s *octetSession) close() {
	s.once.Do(func() {
		close(s.ended)
		_ = s.raw.Conn.Close()
	})
}
