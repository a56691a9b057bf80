package poller_test

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/seam"
	"github.com/uringnet/go-uringnet/internal/slots"
	"github.com/uringnet/go-uringnet/poller"
)

// hopper moves every request to another ring and injects nothing.
type hopper struct{ n atomic.Int64 }

func (h *hopper) Ring(n int) int                           { return int(h.n.Add(1)) % n }
func (h *hopper) Submit(slots.Op, uint32) (v seam.Verdict) { return v }
func (h *hopper) Enter(uint32) syscall.Errno               { return 0 }
func (h *hopper) Delay(slots.Op, int32) bool               { return false }
func (h *hopper) Call(slots.Op, int) (v seam.Verdict)      { return v }

// A goroutine may change its P between any two requests of a call. Each ring
// that was pushed to has to be kicked all the same.
func TestHoppingBetweenRings(t *testing.T) {
	for _, mode := range []poller.Mode{poller.Shared, poller.Dedicated, poller.SQPoll} {
		for rings := 2; rings <= 3; rings++ {
			t.Run(fmt.Sprintf("%v-%d", mode, rings), func(t *testing.T) {
				watchdog(t, patience)
				var p *poller.Poller
				var err error
				seam.With(&hopper{}, func() { p, err = poller.New(poller.Config{Mode: mode, Rings: rings, BufferCount: 8}) })
				must(t, err)
				defer p.Close()
				fd, peer := onPoller(t, p)
				must(t, fd.SetDeadline(time.Now().Add(patience)))
				b := make([]byte, 8)
				for i := range 300 {
					msg := []byte{byte(i), byte(i >> 8)}
					send(t, peer, msg)
					n, err := fd.Read(b)
					if err != nil || n != len(msg) || b[0] != msg[0] {
						t.Fatalf("round %d: Read: %d, %v", i, n, err)
					}
					if _, err := fd.Write(b[:n]); err != nil {
						t.Fatalf("round %d: Write: %v", i, err)
					}
					if n, err := unix.Read(peer, b); n != len(msg) || err != nil {
						t.Fatalf("round %d: peer read %d, %v", i, n, err)
					}
				}
				must(t, fd.Close())
			})
		}
	}
}
