package main

import (
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/uringnet/go-uringnet/examples/logs/guard"
	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// refusal is why a connection is refused.
type refusal int

const (
	overMaxConns refusal = iota
	overMaxPerIP
	notAllowed
	noClientCertificate
	refusals // how many there are
)

// refusalNames are their names as a metric's label.
var refusalNames = [refusals]string{"max_conns", "max_conns_per_ip", "not_allowed", "client_certificate"}

// errTooMany is the reason of overMaxConns.
var errTooMany = errors.New("too many connections (-max-conns)")

// limits are what keeps one source from taking everything.
type limits struct {
	guard    *guard.Guard
	maxConns atomic.Int64 // 0: no limit
	refused  [refusals]atomic.Uint64
	slowed   atomic.Uint64 // how often a connection was paused for its source's rate
}

// setLimits takes over what the configuration says of them.
func (s *server) setLimits(c config) {
	if s.limits.guard == nil {
		s.limits.guard = guard.New(c.policy(), 0)
	}
	s.limits.guard.SetPolicy(c.policy())
	s.limits.maxConns.Store(int64(c.maxConns))
}

// lift ends the limit of rates: what was sent is to be read before the server
// ends.
func (l *limits) lift() { l.guard.SetPolicy(guard.Policy{}) }

// policy returns what sources may do. The networks have been looked at before.
func (c *config) policy() guard.Policy {
	p := guard.Policy{PerSource: c.maxPerIP.of(c.maxConns), Rate: c.ratePerIP}
	for _, text := range c.allow {
		n, _ := guard.ParsePrefix(text)
		p.Allow = append(p.Allow, n)
	}
	for _, text := range c.deny {
		n, _ := guard.ParsePrefix(text)
		p.Deny = append(p.Deny, n)
	}
	return p
}

// checkNetwork looks at one network of -allow or -deny.
func checkNetwork(text string) error {
	if _, err := guard.ParsePrefix(text); err != nil {
		return cli.Want("addresses and networks, as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32")
	}
	return nil
}

// admitted asks for a place for a connection. Without one the connection is
// closed.
func (s *server) admitted(c net.Conn) (*guard.Ticket, bool) {
	l := &s.limits
	ticket, reason := l.guard.Admit(c.RemoteAddr())
	switch reason {
	case guard.Denied:
		s.refuse(c, notAllowed, errors.New(reason.String()))
	case guard.TooMany:
		s.refuse(c, overMaxPerIP, errors.New(reason.String()))
	default:
		if most := l.maxConns.Load(); s.open.Add(1) <= most || most == 0 {
			return ticket, true
		}
		s.open.Add(-1)
		ticket.Release()
		s.refuse(c, overMaxConns, errTooMany)
	}
	return nil, false
}

// left says that an admitted connection has gone.
func (s *server) left(t *guard.Ticket) {
	s.open.Add(-1)
	t.Release()
}

// refuse counts, logs and closes a connection that has no place.
func (s *server) refuse(c net.Conn, why refusal, err error) {
	s.stats.ConnsRejected.Add(1)
	s.tellRefused(c.RemoteAddr(), why, err)
	_ = c.Close()
}

// tellRefused counts a refusal and logs it, once a second for each source.
func (s *server) tellRefused(remote net.Addr, why refusal, err error) {
	s.limits.refused[why].Add(1)
	source := sourceName(remote)
	s.complain.Say(slog.LevelWarn, "refused "+source, "logserver: connection refused", "source", source, "error", err)
}

// tellSlowed counts and logs that a connection waits for its source's rate.
func (s *server) tellSlowed(remote net.Addr) {
	s.limits.slowed.Add(1)
	source := sourceName(remote)
	s.complain.Say(slog.LevelWarn, "slowed "+source, "logserver: a source sends more than -rate-per-ip; its connections wait", "source", source)
}

// sourceName is how the log calls a source: an address by IPv4, a network by
// IPv6.
func sourceName(remote net.Addr) string {
	p := guard.SourceOf(remote)
	switch {
	case !p.IsValid():
		return "local"
	case p.Addr().Is4():
		return p.Addr().String()
	}
	return p.String()
}

// expose writes the metrics of what is refused.
func (l *limits) expose(e *stats.Exposition) {
	const name = "logserver_connections_refused_total"
	e.Head(name, "counter", "Connections refused, by reason.")
	for why := range l.refused {
		e.Sample(name, `reason="`+refusalNames[why]+`"`, float64(l.refused[why].Load()))
	}
	e.Counter("logserver_rate_pauses_total", "How often a connection was paused for the rate of its source.", float64(l.slowed.Load()))
	e.Gauge("logserver_sources", "Sources that are kept: those with connections, and some of those that had.", float64(l.guard.Sources()))
}

// report returns the same counts by name.
func (l *limits) report() map[string]uint64 {
	r := map[string]uint64{"rate_pauses": l.slowed.Load()}
	for why := range l.refused {
		r[refusalNames[why]] = l.refused[why].Load()
	}
	return r
}

// quota is the flag -max-conns-per-ip: a number, or a quarter of -max-conns.
type quota struct {
	fixed bool
	n     int // 0: no limit
}

// String returns the number, or "quarter".
func (q *quota) String() string {
	if !q.fixed {
		return "quarter"
	}
	return strconv.Itoa(q.n)
}

// Set reads either.
func (q *quota) Set(text string) error {
	if text == "quarter" {
		*q = quota{}
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return cli.Want("quarter (of -max-conns) or a number, 0 or more; 0: no limit")
	}
	*q = quota{true, n}
	return nil
}

// of returns how many connections a source may have; 0: no limit.
func (q quota) of(maxConns int) int {
	if q.fixed || maxConns == 0 {
		return q.n
	}
	return (maxConns + 3) / 4
}
