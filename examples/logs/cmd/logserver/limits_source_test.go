package main

import (
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/guard"
)

// dialFrom connects from a local address of its own.
func dialFrom(t *testing.T, ip string, to net.Addr) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	c, err := d.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// metrics returns what Prometheus is told.
func (s *server) metrics() string {
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// TestMaxConnsPerIP checks that one address cannot take every connection: others
// and unix sockets still get one, and it gets one again when its own have gone.
func TestMaxConnsPerIP(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.maxConns = 8 // a quarter is 2
		s, log := startLogged(t, c)
		first, second := dialFrom(t, "127.0.0.2", s.addr("tcp")), dialFrom(t, "127.0.0.2", s.addr("relp"))
		write(t, first, "first\n")
		openRELP(t, second)
		waitStored(t, s, 1)
		for _, kind := range []string{"tcp", "relp", "tls"} {
			if err := untilClosed(dialFrom(t, "127.0.0.2", s.addr(kind))); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
		write(t, dialFrom(t, "127.0.0.3", s.addr("tcp")), "another\n")
		for range 3 {
			write(t, dial(t, s, "unix"), "unix\n")
		}
		waitStored(t, s, 5)
		if n, all := s.limits.refused[overMaxPerIP].Load(), s.stats.ConnsRejected.Load(); n != 3 || all != 3 {
			t.Errorf("%d refused for their address, %d in all; want 3 of both", n, all)
		}
		if got := s.metrics(); !strings.Contains(got, `logserver_connections_refused_total{reason="max_conns_per_ip"} 3`+"\n") {
			t.Errorf("metrics:\n%s", got)
		}
		if got := log.String(); strings.Count(got, "connection refused") != 1 || !strings.Contains(got, "source=127.0.0.2 ") {
			t.Errorf("want one line about the source: %s", got)
		}
		second.Close()
		waitFor(t, "room", func() bool { return s.open.Load() == 5 })
		write(t, dialFrom(t, "127.0.0.2", s.addr("tcp")), "again\n")
		waitStored(t, s, 6)
	})
}

// TestAllowDeny checks the lists: deny wins over allow, and unix sockets are not
// subject to them.
func TestAllowDeny(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.allow, c.deny = []string{"127.0.0.0/28"}, []string{"127.0.0.3"}
		s, log := startLogged(t, c)
		for _, ip := range []string{"127.0.0.3", "127.0.0.77"} {
			if err := untilClosed(dialFrom(t, ip, s.addr("tcp"))); err != nil {
				t.Errorf("%s: %v", ip, err)
			}
			if !strings.Contains(log.String(), "source="+ip+" ") {
				t.Errorf("the log does not name %s: %s", ip, log.String())
			}
		}
		write(t, dialFrom(t, "127.0.0.2", s.addr("tcp")), "allowed\n")
		write(t, dial(t, s, "unix"), "unix\n")
		waitStored(t, s, 2)
		stopServer(t, s)
		sameMessages(t, storedIn(t, c.dir), []string{"allowed", "unix"})
		if n := s.limits.refused[notAllowed].Load(); n != 2 {
			t.Errorf("%d refused; want 2", n)
		}
	})
}

// TestRatePerIP checks that a source over its rate is read later, that nothing of
// it is lost, and that another is not held back.
func TestRatePerIP(t *testing.T) {
	const rate = 2000
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.ratePerIP = rate
		s, log := startLogged(t, c)
		want := messages("flood", 2*rate)
		began := time.Now()
		flood := dialFrom(t, "127.0.0.2", s.addr("tcp"))
		write(t, flood, asLines(want))
		waitFor(t, "the flood to be held back", func() bool { return s.limits.slowed.Load() > 0 })
		write(t, flood, "the last\n")
		late := dialFrom(t, "127.0.0.2", s.addr("relp")) // of the same source
		other := dialFrom(t, "127.0.0.3", s.addr("tcp"))
		write(t, other, "other\n")
		waitFor(t, "the other source's", func() bool {
			for _, m := range storedIn(t, c.dir) {
				if m == "other" {
					return true
				}
			}
			return false
		})
		if n := s.stats.Stored.Load(); n == 2*rate+2 {
			t.Error("the flood was not held back")
		}
		waitStored(t, s, 2*rate+2)
		// The last read, of up to 64 KiB or some 700 logs, need not be waited for.
		if d := time.Since(began); d < 500*time.Millisecond {
			t.Errorf("%d logs at %d/s after %v", 2*rate, rate, d)
		}
		late.Close()
		stopServer(t, s)
		sameMessages(t, storedIn(t, c.dir), append(want, "the last", "other"))
		if got := log.String(); !strings.Contains(got, "rate-per-ip") || !strings.Contains(got, "source=127.0.0.2 ") {
			t.Errorf("the log does not name the source: %s", got)
		}
	})
}

// TestRateAtStop checks that a server which ends reads what a source over its
// rate has sent, and does not wait for the rate.
func TestRateAtStop(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.ratePerIP = 1
		c.grace = patience
		s := startServer(t, c)
		var want []string
		var conns []net.Conn
		for _, kind := range []string{"tcp", "tls"} {
			msgs := messages(kind, 2000) // more than one read
			want = append(want, msgs...)
			conn := dial(t, s, kind)
			conns = append(conns, conn)
			write(t, conn, asLines(msgs))
		}
		waitFor(t, "both to be held back", func() bool { return s.limits.slowed.Load() >= 2 })
		if s.finishSilent(1); s.idleClosed.Load() != 0 {
			t.Error("a connection that waits for the rate counts as idle")
		}
		began := time.Now()
		stopServer(t, s)
		if d := time.Since(began); d > c.grace {
			t.Errorf("stopping took %v", d)
		}
		sameMessages(t, storedIn(t, c.dir), want)
		for _, conn := range conns {
			_, _ = io.Copy(io.Discard, conn)
		}
	})
}

// gate notes whether a connection is paused.
type gate struct{ paused, calls int }

func (g *gate) Pause()  { g.paused, g.calls = 1, g.calls+1 }
func (g *gate) Resume() { g.paused, g.calls = 0, g.calls+1 }

// TestPacer checks that a connection goes on only when neither its session nor
// the rate of its source holds it back.
func TestPacer(t *testing.T) {
	slow := guard.Policy{Rate: 0.001}
	type step struct {
		name   string
		do     func(*pacer, *guard.Guard)
		paused int
	}
	receive := func(p *pacer, _ *guard.Guard) { p.Received(1000) }
	look := func(p *pacer, _ *guard.Guard) { p.look() }
	lift := func(p *pacer, g *guard.Guard) { g.SetPolicy(guard.Policy{}); p.look() }
	stall := func(p *pacer, _ *guard.Guard) { p.stall() }
	unstall := func(p *pacer, _ *guard.Guard) { p.unstall() }
	end := func(p *pacer, _ *guard.Guard) { p.end() }
	for name, steps := range map[string][]step{
		"rate":                 {{"receive", receive, 1}, {"look", look, 1}, {"lift", lift, 0}, {"receive", receive, 0}},
		"session":              {{"stall", stall, 1}, {"look", look, 1}, {"unstall", unstall, 0}},
		"stalled while slow":   {{"receive", receive, 1}, {"stall", stall, 1}, {"lift", lift, 1}, {"unstall", unstall, 0}},
		"slow while stalled":   {{"stall", stall, 1}, {"receive", receive, 1}, {"unstall", unstall, 1}, {"lift", lift, 0}},
		"ended while slow":     {{"receive", receive, 1}, {"end", end, 1}, {"lift", lift, 1}},
		"received after it":    {{"end", end, 0}, {"receive", receive, 0}},
		"more while it waits":  {{"receive", receive, 1}, {"receive", receive, 1}, {"lift", lift, 0}},
		"lifted and once more": {{"receive", receive, 1}, {"lift", lift, 0}, {"look", look, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			g := guard.New(slow, 0)
			ticket, _ := g.Admit(&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)})
			c := new(gate)
			told := false
			p := &pacer{ticket: ticket, conn: c, slowed: func(slow bool) { told = slow }}
			defer p.end()
			for i, s := range steps {
				s.do(p, g)
				if c.paused != s.paused {
					t.Fatalf("step %d, %s: paused %d; want %d", i, s.name, c.paused, s.paused)
				}
				if told != p.pausing {
					t.Fatalf("step %d, %s: told %v, and is %v", i, s.name, told, p.pausing)
				}
			}
		})
	}
}

// TestSlowIsNotSilent checks that a connection which waits for the rate is not
// idle, also if data that was on its way has come since.
func TestSlowIsNotSilent(t *testing.T) {
	var a activity
	now := time.Now()
	a.begin(now.Add(-time.Hour))
	a.waiting.Store(true)
	if d := a.silent(now); d < time.Hour-time.Second {
		t.Errorf("silent for %v; want an hour", d)
	}
	a.slow.Store(true)
	if d := a.silent(now); d != 0 {
		t.Errorf("silent for %v while it waits for the rate; want 0", d)
	}
}
