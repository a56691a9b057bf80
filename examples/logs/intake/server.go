package intake

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// Proto is how a connection speaks.
type Proto uint8

const (
	// Auto is syslog over a stream, RFC 6587: lines or octet-counted frames,
	// found out for each frame.
	Auto Proto = iota
	// RELP acknowledges each log.
	RELP
)

// Defaults of Config.
const (
	DefaultMaxLine   = 64 << 10
	DefaultMaxUnread = 4 << 20
	DefaultLinger    = 10 * time.Second
	DefaultAhead     = 1 << 20
	DefaultBudget    = 64 << 20
)

// Config configures a Server.
type Config struct {
	// Store is where logs go. It has to stay open until all sessions are done.
	Store *store.Store
	// Stats is counted in; nil means counters of the Server's own. Sessions
	// count Received, Malformed, Oversized, Refused, BytesIn, Severity, Acks,
	// Conns, ConnsTotal, ConnErrors and Paused.
	Stats *stats.Stats
	// MaxLine is the length of the longest record in bytes, at least 16; default
	// DefaultMaxLine. It is at most what the store takes in one record. A longer
	// message with a known length (RELP, octet-counted) is cut to it, a longer line
	// continued in further records.
	MaxLine int
	// MaxUnread is how many bytes of acknowledgements may wait for a client
	// that does not read them before its connection is closed; default
	// DefaultMaxUnread. ServeConn stops reading at half of that.
	MaxUnread int
	// Linger is how long ServeConn waits for acknowledgements to be stored and
	// sent after the client has ended, and for the store to take what a RELP
	// client has sent before; default DefaultLinger.
	Linger time.Duration
	// Ahead is how many bytes are taken from a RELP client, and not given to the
	// store, while that is full; default DefaultAhead. A client that sends more
	// is held back, and whether it has gone is not known then.
	Ahead int
	// Budget is how many bytes all sessions together may hold: of messages that
	// have not come whole, and of what the store has no room for. Default
	// DefaultBudget; at least MaxLine. What happens above it is in the package's
	// documentation.
	Budget int64
	// LineTimeout is how long a message may be unfinished before ExpireUnfinished
	// ends its connection; 0 means for ever.
	LineTimeout time.Duration
	// Refused, if not nil, is told why a connection is closed for what it sent:
	// a bad frame, or a message that did not end. It is called with the session's lock held, and must return
	// soon.
	Refused func(err error)
	// Now is the clock that times without a year or zone are read by; nil means
	// time.Now.
	Now func() time.Time
}

// A Server makes Sessions that have a store in common.
type Server struct {
	cfg   Config
	stats *stats.Stats
	lanes atomic.Uint64 // counts ServeConn's connections, to spread them
	ahead atomic.Int64  // how many bytes the sessions hold that are stalled
	parts atomic.Int64  // how many bytes of buffers unfinished messages have

	settling sync.Mutex  // of those that have more than the budget given back
	gated    atomic.Bool // nothing is read until there is memory; written with settling held
	expired  atomic.Uint64
	spilled  atomic.Uint64

	mu       sync.Mutex
	sessions map[*Session]struct{}
	shutdown bool
	idle     chan struct{} // closed when shut down and without sessions
}

// New makes a Server.
func New(c Config) *Server {
	if c.MaxLine <= 0 {
		c.MaxLine = DefaultMaxLine
	}
	c.MaxLine = min(c.MaxLine, c.Store.MaxRecord())
	if c.MaxUnread <= 0 {
		c.MaxUnread = DefaultMaxUnread
	}
	if c.Linger <= 0 {
		c.Linger = DefaultLinger
	}
	if c.Ahead <= 0 {
		c.Ahead = DefaultAhead
	}
	if c.Budget <= 0 {
		c.Budget = DefaultBudget
	}
	c.Budget = max(c.Budget, int64(c.MaxLine))
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Stats == nil {
		c.Stats = new(stats.Stats)
	}
	return &Server{
		cfg: c, stats: c.Stats,
		sessions: map[*Session]struct{}{}, idle: make(chan struct{}),
	}
}

// Shutdown stops reading, acknowledges what is stored, closes all connections
// and waits until the store has taken what was received from them; then the
// store can be closed. If ctx ends before, connections are closed with what is
// not acknowledged, and ctx's error says how many sessions were left.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.shutdown {
		s.shutdown = true
		if len(s.sessions) == 0 {
			close(s.idle)
		}
	}
	s.mu.Unlock()
	for _, x := range s.all() {
		x.peer.Pause()
		x.HangUp()
	}
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
	}
	left := s.all()
	for _, x := range left {
		x.peer.Close()
	}
	return fmt.Errorf("intake: %d connections left: %w", len(left), ctx.Err())
}

// all returns the sessions that are not done.
func (s *Server) all() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Session, 0, len(s.sessions))
	for x := range s.sessions {
		all = append(all, x)
	}
	return all
}

// enter notes a session. false means that the server is shut down: such a
// session takes nothing, and nobody waits for it.
func (s *Server) enter(x *Session) bool {
	s.stats.Conns.Add(1)
	s.stats.ConnsTotal.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.shutdown {
		s.sessions[x] = struct{}{}
	}
	return !s.shutdown
}

// leave notes that a session is done.
func (s *Server) leave(x *Session) {
	s.stats.Conns.Add(-1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.sessions[x]; !ok {
		return
	}
	delete(s.sessions, x)
	if s.shutdown && len(s.sessions) == 0 {
		close(s.idle)
	}
}
