package query

import (
	"bytes"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A filter decides which records a Query wants. It remembers what it found out about
// sources.
type filter struct {
	q     *Query
	from  *store.Source // the last source, and whether it is asked for
	known bool
	ok    bool
}

// prepare completes a query that is set.
func (q *Query) prepare() error {
	if q.grep == "" {
		q.pattern = nil
		return nil
	}
	if want := q.compile(); want != "" {
		return &Refusal{"grep", q.grep, want}
	}
	return nil
}

// wants reports whether an entry is asked for: what costs least is looked at first.
func (f *filter) wants(e *Entry) bool {
	q := f.q
	if e.Severity > 7-q.lenient || q.malformed && !e.Malformed {
		return false
	}
	if (q.since != 0 || q.until != 0) && !q.inTime(e) {
		return false
	}
	if len(q.peers) > 0 && !f.fromPeer(e.Source) {
		return false
	}
	if q.facilities != 0 && q.facilities>>(e.FacilityNumber()&31)&1 == 0 {
		return false
	}
	if len(q.hosts) > 0 && !matches(q.hosts, e.Host()) || len(q.apps) > 0 && !matches(q.apps, e.App()) {
		return false
	}
	return q.pattern == nil || q.pattern.Match(bytes.TrimSuffix(e.Msg, newline)) != q.invert
}

var newline = []byte("\n")

func (q *Query) inTime(e *Entry) bool {
	t := e.ReceivedAt()
	if q.byMessage {
		if own := e.OwnTime(); own != 0 {
			t = own
		}
	}
	return (q.since == 0 || t >= q.since) && (q.until == 0 || t <= q.until)
}

// fromPeer reports whether a source's address is asked for. Batches have the same source
// in a row.
func (f *filter) fromPeer(src *store.Source) bool {
	if src == nil {
		return false
	}
	if !f.known || f.from != src {
		a, ok := PeerAddr(src.Peer)
		f.from, f.known = src, true
		f.ok = ok && slices.ContainsFunc(f.q.peers, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	return f.ok
}

// PeerAddr is the address of a source's peer, which may have a port.
func PeerAddr(peer string) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(peer)
	a := ap.Addr()
	if err != nil {
		if a, err = netip.ParseAddr(peer); err != nil {
			return a, false
		}
	}
	return a.Unmap().WithZone(""), true
}

// matches reports whether a name is like one of the patterns.
func matches(patterns []string, name []byte) bool {
	if len(name) == 0 {
		return false
	}
	for _, p := range patterns {
		if ok, _ := path.Match(p, string(name)); ok {
			return true
		}
	}
	return false
}

// may reports whether a segment of that index may have what is asked for.
func (q *Query) may(x *store.Index) bool {
	if x == nil {
		return true
	}
	if q.since != 0 && x.Last < q.since || q.until != 0 && x.First > q.until || q.malformed && x.Malformed == 0 {
		return false
	}
	wanted := uint64(0)
	for _, n := range x.Severities[:8-q.lenient] {
		wanted += n
	}
	if wanted == 0 {
		return false
	}
	if len(q.hosts) == 0 || x.Others > 0 {
		return true
	}
	for _, p := range q.hosts {
		if !strings.ContainsAny(p, `*?[\`) {
			if x.May(p) {
				return true
			}
			continue
		}
		for name := range x.Hosts {
			if ok, _ := path.Match(p, name); ok {
				return true
			}
		}
	}
	return false
}
