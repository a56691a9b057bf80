package sink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsTarget is a stream of NATS JetStream.
type natsTarget struct {
	cfg      *Config
	template *template
	opts     []nats.Option
	log      *slog.Logger
	counts   *counters
	said     string // what was last said about the stream
}

func newNATS(c *Config, secure *tls.Config, log *slog.Logger, counts *counters) (*natsTarget, error) {
	t := &natsTarget{cfg: c, log: log, counts: counts}
	var err error
	if t.template, err = parseTemplate(c.Subject); err != nil {
		return nil, err
	}
	t.opts = []nats.Option{nats.Name("logserver sink " + c.Name), nats.NoReconnect(), nats.Timeout(openTimeout / 5), nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2)}
	if secure != nil {
		t.opts = append(t.opts, nats.Secure(secure))
	}
	if _, err := t.identity(); err != nil {
		return nil, err // a mistake is found at start
	}
	return t, nil
}

// identity is who the sink is. The files are read for each connection, so that a secret
// may be replaced.
func (t *natsTarget) identity() (opts []nats.Option, err error) {
	c := t.cfg
	if c.Credentials != "" {
		if _, err := secret(c.Credentials); err != nil {
			return nil, fmt.Errorf("creds %w", err)
		}
		opts = append(opts, nats.UserCredentials(c.Credentials))
	}
	if c.TokenFile != "" {
		token, err := secret(c.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("token-file %w", err)
		}
		opts = append(opts, nats.Token(token))
	}
	if c.User != "" {
		password, err := secret(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("password-file %w", err)
		}
		opts = append(opts, nats.UserInfo(c.User, password))
	}
	return opts, nil
}

// natsSession is a connection to a server of the stream.
type natsSession struct {
	t    *natsTarget
	conn *nats.Conn
	js   jetstream.JetStream

	mu  sync.Mutex
	out map[*nats.Msg]*message // not acknowledged
}

// open connects to one of the servers and looks at the stream.
func (t *natsTarget) open(ctx context.Context, fail func(error)) (session, error) {
	s := &natsSession{t: t, out: map[*nats.Msg]*message{}}
	opts, err := t.identity()
	if err != nil {
		return nil, err
	}
	opts = append(opts, t.opts...)
	opts = append(opts,
		nats.ClosedHandler(func(c *nats.Conn) { fail(closedError(c)) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			t.log.Warn("sink: the NATS server says", "error", err)
		}))
	if s.conn, err = nats.Connect("nats://"+strings.Join(t.cfg.Servers, ",nats://"), opts...); err != nil {
		return nil, err
	}
	s.js, err = jetstream.New(s.conn, jetstream.WithPublishAsyncMaxPending(2*t.cfg.Window),
		jetstream.WithPublishAsyncAckHandler(func(_ jetstream.JetStream, m *nats.Msg, _ *jetstream.PubAck) { s.done(m, nil) }),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, err error) { s.done(m, err) }))
	if err == nil {
		err = t.checkStream(ctx, s.js)
	}
	if err != nil {
		s.conn.Close()
		return nil, err
	}
	return s, nil
}

// closedError says why a connection is closed.
func closedError(c *nats.Conn) error {
	if err := c.LastError(); err != nil {
		return fmt.Errorf("NATS connection closed: %w", err)
	}
	return errors.New("NATS connection closed")
}

// checkStream makes the stream if it should, and compares it with what the sink needs.
func (t *natsTarget) checkStream(ctx context.Context, js jetstream.JetStream) error {
	stream, err := js.Stream(ctx, t.cfg.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if !t.cfg.Create {
			return fmt.Errorf("stream %s does not exist: make it, or have the sink make it with create=yes", t.cfg.Stream)
		}
		stream, err = js.CreateStream(ctx, jetstream.StreamConfig{
			Name: t.cfg.Stream, Subjects: []string{t.template.filter()}, Replicas: t.cfg.Replicas,
			Storage: jetstream.FileStorage, Duplicates: t.cfg.Outage,
		})
	}
	if err != nil {
		return fmt.Errorf("stream %s: %w", t.cfg.Stream, err)
	}
	c := stream.CachedInfo().Config
	t.counts.window.Store(int64(c.Duplicates))
	t.sayOnce(&c)
	// What was sent last may not have been acknowledged though it is in the stream.
	if last := t.counts.acked.Load(); last != 0 {
		away := time.Since(time.Unix(0, last))
		if t.counts.uncertain.Swap(false) && away > c.Duplicates {
			t.counts.outOfWindow.Add(1)
			t.log.Warn("sink: the outage was longer than the stream's duplicate window; what was not acknowledged before it may be there twice",
				"outage", away.Round(time.Second), "window", c.Duplicates)
		}
	}
	return nil
}

// sayOnce says what is unfit about a stream, once until that changes.
func (t *natsTarget) sayOnce(c *jetstream.StreamConfig) {
	taken := false
	for _, s := range c.Subjects {
		taken = taken || covers(s, t.template.filter())
	}
	said := fmt.Sprint(c.Duplicates, c.Subjects, c.NoAck)
	if said == t.said {
		return
	}
	t.said = said
	if c.Duplicates < t.cfg.Outage {
		t.log.Warn("sink: the stream's duplicate window is short: after an outage longer than it some logs may be there twice",
			"stream", c.Name, "window", c.Duplicates, "outage", t.cfg.Outage)
	}
	if !taken {
		t.log.Warn("sink: the stream may not take all subjects that the sink makes", "stream", c.Name, "subjects", c.Subjects, "sink_makes", t.template.filter())
	}
	if c.NoAck {
		t.log.Error("sink: the stream acknowledges nothing (no_ack): nothing will count as delivered", "stream", c.Name)
	}
}

// send publishes a message.
func (s *natsSession) send(_ context.Context, m *message) error {
	msg := &nats.Msg{Subject: s.t.template.subject(m), Data: m.Msg, Header: make(nats.Header, 6)}
	msg.Header[jetstream.MsgIDHeader] = []string{m.id()}
	msg.Header[jetstream.ExpectedStreamHeader] = []string{s.t.cfg.Stream}
	m.headers(func(name, value string) { msg.Header[name] = []string{value} })
	s.mu.Lock()
	s.out[msg] = m
	s.mu.Unlock()
	if _, err := s.js.PublishMsgAsync(msg); err != nil {
		s.done(msg, err)
		if !isRefusal(err) {
			return err
		}
	}
	return nil
}

// done is told what became of a message.
func (s *natsSession) done(msg *nats.Msg, err error) {
	s.mu.Lock()
	m := s.out[msg]
	delete(s.out, msg)
	s.mu.Unlock()
	if m == nil {
		return
	}
	if err != nil {
		err = fmt.Errorf("subject %s: %w", msg.Subject, err)
		if isRefusal(err) {
			err = refuse(err)
		}
	}
	m.done(err)
}

// isRefusal reports whether an error is of the message, and the same for ever.
func isRefusal(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum {
		return true
	}
	return errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrBadSubject)
}

func (s *natsSession) flush() error { return nil } // its own goroutine writes soon

func (s *natsSession) patient() bool { return false }

func (s *natsSession) close() { s.conn.Close() }
