package poller

import (
	"sync/atomic"
	"syscall"

	"github.com/uringnet/go-uringnet/internal/ring"
)

// counters are a core's Counters while it runs. Each is written by whoever
// does what it counts.
type counters struct {
	ring                                   ring.Stats
	accepts, receives, sends               atomic.Uint64
	bytesIn, bytesOut                      atomic.Uint64
	harvests, edges                        atomic.Uint64
	recvs, recvMisses, sendCalls           atomic.Uint64
	rearms, noBuffers, spills              atomic.Uint64
	zeroCopies, zeroCopied, fixedIO        atomic.Uint64
	events, reruns, plainFiles, unexpected atomic.Uint64
}

func (c *counters) snapshot() Counters {
	return Counters{
		Accepts: c.accepts.Load(), Receives: c.receives.Load(), Sends: c.sends.Load(),
		BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(),
		Harvests: c.harvests.Load(), Edges: c.edges.Load(),
		DirectRecvs: c.recvs.Load(), DirectMisses: c.recvMisses.Load(), DirectSends: c.sendCalls.Load(),
		Enters: c.ring.Enters.Load(), SQEs: c.ring.SQEs.Load(), CQEs: c.ring.CQEs.Load(),
		Reaps: c.ring.Reaps.Load(), Overflows: c.ring.Overflows.Load(), Cancels: c.ring.Cancels.Load(),
		Rearms: c.rearms.Load(), NoBuffers: c.noBuffers.Load(), Spills: c.spills.Load(),
		FixedIO: c.fixedIO.Load(), ZeroCopies: c.zeroCopies.Load(), ZeroCopied: c.zeroCopied.Load(),
		Events: c.events.Load(), Reruns: c.reruns.Load(), PlainFiles: c.plainFiles.Load(), Unexpected: c.unexpected.Load(),
	}
}

// sentByRing counts a send's completion.
func (c *counters) sentByRing(res int32) {
	if res > 0 {
		c.sends.Add(1)
		c.bytesOut.Add(uint64(res))
	}
}

// sentByCall counts a send(2) and returns how many bytes it has taken.
func (c *counters) sentByCall(n int, errno syscall.Errno) int {
	c.sendCalls.Add(1)
	if errno != 0 {
		return 0
	}
	c.bytesOut.Add(uint64(n))
	return n
}
