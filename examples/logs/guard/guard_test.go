package guard

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"
)

// at makes the remote address of a connection.
func at(ip string) net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 999))
}

func prefixes(t *testing.T, texts ...string) (ps []netip.Prefix) {
	t.Helper()
	for _, s := range texts {
		p, err := ParsePrefix(s)
		if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
	return ps
}

// guarded returns a Guard with a clock.
func guarded(p Policy, sources int) (g *Guard, pass func(time.Duration)) {
	g = New(p, sources)
	now := time.Unix(1000, 0)
	g.now = func() time.Time { return now }
	return g, func(d time.Duration) { now = now.Add(d) }
}

// TestAllowDeny checks who may connect: Deny wins, IPv4 in IPv6 is IPv4, and what
// has no IP address always may.
func TestAllowDeny(t *testing.T) {
	g := New(Policy{
		Allow: prefixes(t, "10.0.0.0/8", "2001:db8::/32", "::ffff:192.0.2.0/120"),
		Deny:  prefixes(t, "10.1.0.0/16", "2001:db8:1::1"),
	}, 0)
	for ip, want := range map[string]Reason{
		"10.2.3.4": Admitted, "::ffff:10.2.3.4": Admitted, "192.0.2.7": Admitted, "2001:db8::1": Admitted, "2001:db8:1::2": Admitted,
		"10.1.2.3": Denied, "::ffff:10.1.2.3": Denied, "127.0.0.1": Denied, "::1": Denied, "2001:db8:1::1": Denied, "192.0.3.1": Denied,
		"fe80::1%eth0": Denied,
	} {
		if _, got := g.Admit(at(ip)); got != want {
			t.Errorf("%s: %v; want %v", ip, got, want)
		}
	}
	for _, a := range []net.Addr{&net.UnixAddr{Name: "/x"}, nil, (*net.TCPAddr)(nil)} {
		ticket, got := g.Admit(a)
		if got != Admitted || ticket.Source().IsValid() || ticket.Take(1e9) != 0 {
			t.Errorf("%v: %v; want to be admitted without a source", a, got)
			continue
		}
		ticket.Release()
	}
}

// TestPerSource checks the number of connections of each source, which by IPv6 is
// a /64.
func TestPerSource(t *testing.T) {
	g := New(Policy{PerSource: 2}, 0)
	for _, source := range [][]string{
		{"10.0.0.1", "10.0.0.1", "10.0.0.1"},
		{"10.0.0.2", "::ffff:10.0.0.2", "10.0.0.2"},
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:1::3"},
		{"2001:db8:0:2::1", "2001:db8:0:2::1", "2001:db8:0:2::1"},
	} {
		var tickets []*Ticket
		for _, ip := range source[:2] {
			ticket, reason := g.Admit(at(ip))
			if reason != Admitted {
				t.Fatalf("%s: %v", ip, reason)
			}
			tickets = append(tickets, ticket)
		}
		if _, reason := g.Admit(at(source[2])); reason != TooMany {
			t.Errorf("%s, the third: %v; want %v", source[2], reason, TooMany)
		}
		tickets[0].Release()
		tickets[0].Release() // counts once
		ticket, reason := g.Admit(at(source[2]))
		if reason != Admitted {
			t.Fatalf("%s, when one has gone: %v", source[2], reason)
		}
		if _, reason := g.Admit(at(source[2])); reason != TooMany {
			t.Errorf("%s, after that: %v; want %v", source[2], reason, TooMany)
		}
		ticket.Release()
		tickets[1].Release()
	}
	if n := g.Sources(); n != 0 {
		t.Errorf("%d sources kept without connections; want 0", n)
	}
}

// TestRate checks the bucket: a second's worth at once, then as fast as the rate,
// for all connections of a source together.
func TestRate(t *testing.T) {
	g, pass := guarded(Policy{Rate: 10}, 0)
	a, _ := g.Admit(at("10.0.0.1"))
	b, _ := g.Admit(at("10.0.0.1"))
	other, _ := g.Admit(at("10.0.0.2"))
	if d := a.Take(6) + b.Take(4); d != 0 {
		t.Errorf("within the burst: wait %v", d)
	}
	if d := a.Take(20).Round(time.Millisecond); d != 2*time.Second {
		t.Errorf("20 over: wait %v; want 2s", d)
	}
	if d := b.Wait().Round(time.Millisecond); d != 2*time.Second {
		t.Errorf("the other connection: wait %v; want 2s", d)
	}
	if d := other.Take(10); d != 0 {
		t.Errorf("another source: wait %v", d)
	}
	pass(time.Second)
	if d := b.Wait().Round(time.Millisecond); d != time.Second {
		t.Errorf("a second later: wait %v; want 1s", d)
	}
	pass(b.Wait())
	if d := b.Wait(); d != 0 {
		t.Errorf("after the wait: wait %v more", d)
	}
	pass(time.Hour) // fills no more than a second's worth
	if d := a.Take(20).Round(time.Millisecond); d != time.Second {
		t.Errorf("after an hour: wait %v; want 1s", d)
	}
	g.SetPolicy(Policy{})
	if d := a.Wait(); d != 0 {
		t.Errorf("without a rate: wait %v", d)
	}
}

// TestRateReconnect checks that a source does not get rid of its debt by
// connecting anew.
func TestRateReconnect(t *testing.T) {
	g, _ := guarded(Policy{Rate: 1}, 0)
	a, _ := g.Admit(at("10.0.0.1"))
	a.Take(100)
	a.Release()
	if a, _ = g.Admit(at("10.0.0.1")); a.Wait() < 90*time.Second {
		t.Errorf("after connecting anew: wait %v; want 99s", a.Wait())
	}
}

// TestSourcesBounded checks that sources without end take bounded memory, that
// the oldest are forgotten first and that those with connections are not.
func TestSourcesBounded(t *testing.T) {
	const most = 8
	g, _ := guarded(Policy{Rate: 1}, most)
	pinned, _ := g.Admit(at("192.0.2.1"))
	pinned.Take(100)
	visit := func(i int) time.Duration {
		ticket, _ := g.Admit(at(fmt.Sprintf("10.0.%d.%d", i/256, i%256)))
		defer ticket.Release()
		defer ticket.Take(100)
		return ticket.Wait()
	}
	for i := range 1000 {
		visit(i)
		if n := g.Sources(); n > most+1 {
			t.Fatalf("%d sources after %d; want %d at most", n, i+1, most+1)
		}
	}
	if visit(999) == 0 {
		t.Error("the newest source was forgotten")
	}
	if visit(1) != 0 {
		t.Error("an old source was not forgotten")
	}
	if again, _ := g.Admit(at("192.0.2.1")); again.Wait() == 0 {
		t.Error("a source with a connection was forgotten")
	}
}

// TestGuardCounts admits and releases at random: no source ever has more than its
// connections, and nothing is left in the end.
func TestGuardCounts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	g := New(Policy{PerSource: 3}, 4)
	open := map[string][]*Ticket{}
	for range 20000 {
		ip := fmt.Sprintf("10.0.0.%d", r.IntN(10))
		if has := open[ip]; len(has) > 0 && r.IntN(2) == 0 {
			has[0].Release()
			open[ip] = has[1:]
			continue
		}
		ticket, reason := g.Admit(at(ip))
		if want := len(open[ip]) < 3; (reason == Admitted) != want {
			t.Fatalf("%s has %d connections: %v", ip, len(open[ip]), reason)
		}
		if reason == Admitted {
			open[ip] = append(open[ip], ticket)
		}
	}
	for _, tickets := range open {
		for _, ticket := range tickets {
			ticket.Release()
		}
	}
	if n := g.Sources(); n != 0 {
		t.Errorf("%d sources left", n)
	}
}

// TestParsePrefix checks what is a network and what is none.
func TestParsePrefix(t *testing.T) {
	for text, want := range map[string]string{
		"10.1.2.3": "10.1.2.3/32", "10.1.2.3/8": "10.0.0.0/8", "::1": "::1/128", "2001:db8::1/32": "2001:db8::/32",
		"::ffff:10.0.0.1": "10.0.0.1/32", "::ffff:10.0.0.0/104": "10.0.0.0/8", "0.0.0.0/0": "0.0.0.0/0", "::/0": "::/0",
	} {
		if p, err := ParsePrefix(text); err != nil || p.String() != want {
			t.Errorf("%q is %v, %v; want %s", text, p, err, want)
		}
	}
	for _, text := range []string{"", "x", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "fe80::1%eth0", "::ffff:10.0.0.0/8", "host.example.com"} {
		if p, err := ParsePrefix(text); err == nil {
			t.Errorf("%q is %v; want an error", text, p)
		}
	}
}
