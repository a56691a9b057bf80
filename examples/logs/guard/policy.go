package guard

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// A Policy is what sources may do. The zero value lets all do everything. A
// Policy in use must not be changed.
type Policy struct {
	// Allow are the networks that may connect; empty: all.
	Allow []netip.Prefix
	// Deny are those that may not, also if Allow has them.
	Deny []netip.Prefix
	// PerSource is how many connections a source may have at a time; 0: any
	// number.
	PerSource int
	// Rate is how many logs a second a source may send on average; 0: any
	// number. It may send those of one second at once.
	Rate float64
}

// A Reason is why a connection is refused.
type Reason uint8

const (
	// Admitted is no reason: the connection is not refused.
	Admitted Reason = iota
	// Denied says that Allow and Deny do not let the source connect.
	Denied
	// TooMany says that the source has as many connections as it may have.
	TooMany
)

// String says it in words.
func (r Reason) String() string {
	switch r {
	case Admitted:
		return "admitted"
	case Denied:
		return "not allowed (-allow, -deny)"
	case TooMany:
		return "too many connections of one source (-max-conns-per-ip)"
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// permits reports whether an address may connect.
func (p *Policy) permits(a netip.Addr) bool {
	has := func(n netip.Prefix) bool { return n.Contains(a) }
	return !slices.ContainsFunc(p.Deny, has) && (len(p.Allow) == 0 || slices.ContainsFunc(p.Allow, has))
}

// ParsePrefix reads a network, 10.0.0.0/8, or an address, which is a network of
// its own. IPv4 in IPv6 (::ffff:10.0.0.0/104) is IPv4.
func ParsePrefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q is no address", s)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no network", s)
	}
	if a := p.Addr(); a.Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%q is more than IPv4", s)
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// address returns the IP address of a network address, without zone; invalid if
// it has none.
func address(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || tcp == nil {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

// SourceOf returns the source of an address; invalid if it has none.
func SourceOf(a net.Addr) netip.Prefix {
	ip := address(a)
	if !ip.IsValid() {
		return netip.Prefix{}
	}
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // the number of bits is right
	return p
}
