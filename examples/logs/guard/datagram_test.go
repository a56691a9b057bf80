package guard

import (
	"net/netip"
	"testing"
	"time"
)

// TestDatagram checks which datagrams are taken: by the lists, and by the rate, which
// the source's connections share.
func TestDatagram(t *testing.T) {
	g, pass := guarded(Policy{Rate: 10, Deny: prefixes(t, "10.9.0.0/16", "2001:db8:bad::/48")}, 0)
	ip := netip.MustParseAddr
	take := func(from string, n int) (taken int) {
		for range n {
			if g.Datagram(ip(from)) == Admitted {
				taken++
			}
		}
		return taken
	}
	for _, from := range []string{"10.9.1.1", "::ffff:10.9.1.1", "2001:db8:bad::1%eth0"} {
		if r := g.Datagram(ip(from)); r != Denied {
			t.Errorf("%s: %v; want %v", from, r, Denied)
		}
	}
	if r := g.Datagram(netip.Addr{}); r != Admitted {
		t.Errorf("without an address: %v", r)
	}
	if n := take("10.0.0.1", 100); n != 10 {
		t.Errorf("%d of a burst taken; want 10", n)
	}
	if r := g.Datagram(ip("::ffff:10.0.0.1")); r != TooFast {
		t.Errorf("over the rate: %v; want %v", r, TooFast)
	}
	if n := take("10.0.0.2", 1); n != 1 {
		t.Error("another source is refused")
	}
	if n := take("2001:db8::1", 6) + take("2001:db8::2", 6); n != 10 {
		t.Errorf("%d of one /64 taken; want 10", n)
	}
	pass(500 * time.Millisecond) // what was refused does not count
	if n := take("10.0.0.1", 100); n != 5 {
		t.Errorf("%d taken after half a second; want 5", n)
	}
	conn, _ := g.Admit(at("10.0.0.1"))
	if conn.Wait() != 0 || conn.Take(20) == 0 {
		t.Error("the connection does not share the rate")
	}
	pass(time.Second)
	if n := take("10.0.0.1", 1); n != 0 {
		t.Error("the datagrams do not share the rate")
	}
	conn.Release()
}

// TestDatagramSources: sources of datagrams are kept within the bound, those that were
// seen last; without a rate none is.
func TestDatagramSources(t *testing.T) {
	g, _ := guarded(Policy{Rate: 1}, 10)
	first := netip.MustParseAddr("10.0.0.1")
	g.Datagram(first)
	for i := range 100 {
		g.Datagram(netip.AddrFrom4([4]byte{10, 1, 0, byte(i)}))
		if r := g.Datagram(first); r != TooFast {
			t.Fatalf("after %d others: %v; want %v", i+1, r, TooFast)
		}
		if n := g.Sources(); n > 10 {
			t.Fatalf("%d sources are kept; want 10 at most", n)
		}
	}
	g, _ = guarded(Policy{Allow: prefixes(t, "10.0.0.0/8")}, 10)
	if r := g.Datagram(first); r != Admitted || g.Sources() != 0 {
		t.Errorf("without a rate: %v, %d sources", r, g.Sources())
	}
}
