package guard

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultSources is how many sources a Guard keeps that have no connections.
const DefaultSources = 16 << 10

// A Guard applies a Policy. Its methods may be called from any goroutine.
type Guard struct {
	most   int // sources kept without connections
	policy atomic.Pointer[Policy]
	now    func() time.Time

	mu      sync.Mutex
	sources map[netip.Prefix]*source
	resting *list.List // of *source without connections; those seen last in front
}

// source is what is kept of one. Guard.mu guards conns and rest; mu the bucket.
type source struct {
	key   netip.Prefix
	conns int
	rest  *list.Element // in Guard.resting; nil while there are connections

	mu     sync.Mutex
	tokens float64   // logs it may send now; below 0: it has sent too many
	filled time.Time // when tokens was so; zero: never
}

// New returns a Guard that keeps at most that many sources without connections;
// 0 means DefaultSources.
func New(p Policy, sources int) *Guard {
	if sources <= 0 {
		sources = DefaultSources
	}
	g := &Guard{most: sources, now: time.Now, sources: map[netip.Prefix]*source{}, resting: list.New()}
	g.policy.Store(&p)
	return g
}

// SetPolicy replaces the Policy. Connections that are open stay.
func (g *Guard) SetPolicy(p Policy) { g.policy.Store(&p) }

// Sources returns how many sources are kept.
func (g *Guard) Sources() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sources)
}

// Admit decides about a connection of a remote address. One that is admitted has
// a Ticket, whose Release has to be called when it ends.
func (g *Guard) Admit(remote net.Addr) (*Ticket, Reason) {
	ip := address(remote)
	if !ip.IsValid() {
		return &Ticket{}, Admitted
	}
	p := g.policy.Load()
	if !p.permits(ip) {
		return nil, Denied
	}
	key := SourceOf(remote)
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sources[key]
	if s == nil {
		s = &source{key: key}
		g.sources[key] = s
	}
	if p.PerSource > 0 && s.conns >= p.PerSource {
		return nil, TooMany
	}
	s.conns++
	if s.rest != nil {
		g.resting.Remove(s.rest)
		s.rest = nil
	}
	return &Ticket{guard: g, source: s}, Admitted
}

// release gives back a connection of s.
func (g *Guard) release(s *source) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.conns--; s.conns > 0 {
		return
	}
	if g.policy.Load().Rate == 0 { // there is nothing to be kept
		delete(g.sources, s.key)
		return
	}
	s.rest = g.resting.PushFront(s)
	for g.resting.Len() > g.most {
		oldest := g.resting.Remove(g.resting.Back()).(*source)
		delete(g.sources, oldest.key)
	}
}

// A Ticket is an admitted connection's.
type Ticket struct {
	guard  *Guard
	source *source // nil: it has no source
	gone   sync.Once
}

// Source returns whose connection it is; invalid if it is no source's.
func (t *Ticket) Source() netip.Prefix {
	if t.source == nil {
		return netip.Prefix{}
	}
	return t.source.key
}

// Release says that the connection has ended. It may be called several times.
func (t *Ticket) Release() {
	if t.source != nil {
		t.gone.Do(func() { t.guard.release(t.source) })
	}
}

// Take counts n logs of the connection, and returns for how long nothing more of
// its source should be read; 0 if it keeps within its rate.
func (t *Ticket) Take(n int) time.Duration {
	if t.source == nil {
		return 0
	}
	rate := t.guard.policy.Load().Rate
	if rate <= 0 {
		return 0
	}
	return t.source.take(n, rate, t.guard.now())
}

// Wait is Take of nothing: for how long nothing of the source should be read.
func (t *Ticket) Wait() time.Duration { return t.Take(0) }

// take fills the bucket, which holds the logs of one second, for the time that
// has passed, and takes n out. What it lacks then is waited for.
func (s *source) take(n int, rate float64, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := max(rate, 1)
	if s.filled.IsZero() {
		s.tokens = most
	} else if d := now.Sub(s.filled); d > 0 {
		s.tokens += rate * d.Seconds()
	}
	s.tokens = min(s.tokens, most)
	s.filled = now
	s.tokens -= float64(n)
	if s.tokens >= 0 {
		return 0
	}
	lack := -s.tokens / rate * float64(time.Second)
	return time.Duration(min(lack, float64(maxWait))) + 1
}

// maxWait bounds what Take returns: a wait is asked for again then.
const maxWait = time.Hour
