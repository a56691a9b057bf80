package sink

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/relp"
)

// A dialer connects to a server, by TLS if it has a configuration.
type dialer struct {
	addr   string
	secure *tls.Config
}

func (d *dialer) dial(ctx context.Context) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", d.addr)
	if err != nil || d.secure == nil {
		return conn, err
	}
	config := d.secure.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(d.addr)
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("TLS with %s: %w", d.addr, err)
	}
	return secure, nil
}

// relpTarget is a server that speaks RELP.
type relpTarget struct {
	dialer
	relayed
	window int
}

// relpSession is a RELP session. The server acknowledges in order, as far as the client
// tells.
type relpSession struct {
	relayed
	client *relp.Client
	buf    []byte

	mu  sync.Mutex
	out []*message // sent, oldest first
}

func (t *relpTarget) open(ctx context.Context, fail func(error)) (session, error) {
	conn, err := t.dial(ctx)
	if err != nil {
		return nil, err
	}
	s := &relpSession{relayed: t.relayed}
	s.client, err = relp.NewClient(conn, relp.ClientConfig{Window: t.window, Timeout: ackTimeout, Acked: s.acked})
	if err != nil {
		return nil, fmt.Errorf("RELP with %s: %w", t.addr, err)
	}
	go func() {
		<-s.client.Done()
		fail(s.client.Err())
	}()
	return s, nil
}

// send frames a message.
func (s *relpSession) send(_ context.Context, m *message) error {
	msg, err := s.message(&s.buf, m)
	if err != nil {
		m.done(refuse(err))
		return nil
	}
	s.mu.Lock()
	s.out = append(s.out, m)
	s.mu.Unlock()
	return s.client.Send(msg)
}

// acked is told of the oldest messages by the client.
func (s *relpSession) acked(n int) {
	s.mu.Lock()
	done := s.out[:n:n]
	s.out = s.out[n:]
	s.mu.Unlock()
	for _, m := range done {
		m.done(nil)
	}
}

func (s *relpSession) flush() error { return s.client.Flush() }

func (s *relpSession) patient() bool { return false }

func (s *relpSession) close() { s.client.Abort() }

// relayed is what a relay is sent.
type relayed struct {
	header bool // in front of what is malformed
	most   int  // bytes of a message; 0: any number
}

// message is what is sent of a message: its bytes as they came, or in buf with a header.
func (r *relayed) message(buf *[]byte, m *message) ([]byte, error) {
	msg := m.Msg
	if r.header && m.Malformed {
		*buf = appendHeader((*buf)[:0], m)
		msg = *buf
	}
	if r.most > 0 && len(msg) > r.most {
		return nil, fmt.Errorf("%d bytes, at most %d (max-message)", len(msg), r.most)
	}
	return msg, nil
}

// appendHeader appends a message with an RFC 5424 header in front that says what is known
// of it.
func appendHeader(b []byte, m *message) []byte {
	host := "-"
	if m.Source != nil {
		if h, _, err := net.SplitHostPort(m.Source.Peer); err == nil {
			host = printable(h)
		}
	}
	received := "-"
	if m.Received != 0 {
		received = time.Unix(0, m.Received).UTC().Format("2006-01-02T15:04:05.000000Z07:00")
	}
	b = fmt.Appendf(b, "<%d>1 %s %s - - - - ", int(m.Facility)*8+int(m.Severity), received, host)
	return append(b, m.Msg...)
}
