package load

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

func paced(t *testing.T, addr string, conns int, p Pace) *Client {
	t.Helper()
	ex, err := NewExchange("echo", 64)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Dial(addr, conns, ex)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.SetPace(p)
	return c
}

func TestPacedClientSendsWhatIsDue(t *testing.T) {
	const conns, slices = 7, 3
	for _, burst := range []int{1, 5} {
		c := paced(t, serve(t, echoAll), conns, Pace{Rate: 2000, Burst: burst})
		c.ResetFairness()
		for range slices {
			s, err := c.Run(50 * time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if s.Due != 100 || s.Total != 100 || s.Requests > 100 || c.Latency().Total() != 100 {
				t.Errorf("bursts of %d: %+v, %d latencies", burst, s, c.Latency().Total())
			}
		}
		// The connections have their turns across slices.
		for i := range c.conns {
			if n := c.conns[i].seq - 1; n < slices*100/conns || n > slices*100/conns+1 {
				t.Errorf("bursts of %d: connection %d had %d requests", burst, i, n)
			}
		}
		c.SetPace(Pace{})
		if s, err := c.Run(20 * time.Millisecond); err != nil || s.Due != 0 || s.Requests == 0 {
			t.Errorf("closed loop: %+v, %v", s, err)
		}
	}
}

// TestPacedLatencyCountsFromWhenItWasDue has a server that stands still for a
// while. What was due meanwhile must show it: the half of all requests, and not
// one for each connection.
func TestPacedLatencyCountsFromWhenItWasDue(t *testing.T) {
	const pause = 60 * time.Millisecond
	var armed atomic.Bool
	addr := serve(t, func(c net.Conn) {
		buf := make([]byte, 64)
		for {
			if _, err := io.ReadFull(c, buf); err != nil {
				return
			}
			if armed.CompareAndSwap(true, false) {
				time.Sleep(pause) // that is what is measured
			}
			if _, err := c.Write(buf); err != nil {
				return
			}
		}
	})
	c := paced(t, addr, 1, Pace{Rate: 1000})
	armed.Store(true)
	s, err := c.Run(100 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	// 60 requests are late by 60 ms down to 1.
	if p25 := time.Duration(c.Latency().Quantile(.75)); s.Total != 100 || p25 < pause/4 {
		t.Errorf("%d requests, a quarter took more than %v: those that waited were not charged", s.Total, p25)
	}
	if s.Late > pause/2 {
		t.Errorf("the load says it sent late by %v: requests that waited for a reply are not its fault", s.Late)
	}
}
