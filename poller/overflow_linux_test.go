package poller_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/poller"
)

// Completions that the queue has no room for are not lost, and nobody waits
// for ever for those that the kernel holds back.
func TestOverflow(t *testing.T) {
	change := func(c *poller.Config) {
		c.SQEntries, c.CQEntries, c.BufferCount, c.BufferSize = 2, 2, 256, 256
	}
	forArmed(t, change, func(t *testing.T, p *poller.Poller) {
		const conns = 64
		var fds [conns]*poller.FD
		var peers [conns]int
		for i := range fds {
			fds[i], peers[i] = onPoller(t, p)
		}
		rounds := 0
		for ; rounds < 200 && (rounds < 20 || total(p).Overflows == 0); rounds++ {
			got := make(chan result, conns)
			for _, fd := range fds {
				go func() {
					n, err := fd.Read(make([]byte, 1))
					got <- result{n, err}
				}()
			}
			waiting(t, conns)
			for _, peer := range peers {
				if _, err := unix.Write(peer, []byte{1}); err != nil {
					t.Fatal(err)
				}
			}
			for range conns {
				if r := wait(t, "Read", got); r.n != 1 || r.err != nil {
					t.Fatalf("Read = %v", r)
				}
			}
		}
		t.Logf("%d overflows in %d rounds of %d", total(p).Overflows, rounds, conns)
		if total(p).Overflows == 0 {
			t.Error("the queue never overflowed: the test does not do what it should")
		}
	})
}
