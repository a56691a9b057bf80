package guard

import (
	"net/netip"
	"time"
)

// Datagram decides about a datagram, of one log, from an IP address: Admitted, Denied
// or TooFast. Nobody can be asked to wait, so that a source over its rate is refused
// until it is within it again; what was refused does not count. The rate is that of
// the source's connections and datagrams together. An invalid address is nobody's.
func (g *Guard) Datagram(ip netip.Addr) Reason {
	p := g.policy.Load()
	if !ip.IsValid() || len(p.Allow)+len(p.Deny) == 0 && p.Rate <= 0 {
		return Admitted
	}
	ip = plain(ip)
	if !p.permits(ip) {
		return Denied
	}
	if p.Rate > 0 && !g.seen(sourceOf(ip)).spend(p.Rate, g.now()) {
		return TooFast
	}
	return Admitted
}

// seen returns a source, which is kept as one that was seen just now.
func (g *Guard) seen(key netip.Prefix) *source {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sources[key]
	if s == nil {
		s = &source{key: key}
		g.sources[key] = s
		g.rest(s)
	} else if s.rest != nil {
		g.resting.MoveToFront(s.rest)
	}
	return s
}

// spend takes one log out of the bucket, if there is one.
func (s *source) spend(rate float64, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fill(rate, now)
	if s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}
