package poller

import "sync/atomic"

// counters are a ring's Counters while it runs. Each is written by whoever
// does what it counts.
type counters struct {
	accepts, receives, sends, bytesIn, bytesOut atomic.Uint64
	enters, sqes, cqes, reaps                   atomic.Uint64
	directRecvs, directHits, directSends        atomic.Uint64
	rearms, noBuffers, overflows, inline        atomic.Uint64
	zeroCopies, zeroCopied, fixedIO             atomic.Uint64
	cancels, spills, unexpected, events, reruns atomic.Uint64
	ceded                                       atomic.Uint64
}

func (c *counters) snapshot() Counters {
	return Counters{
		Accepts: c.accepts.Load(), Receives: c.receives.Load(), Sends: c.sends.Load(),
		BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(),
		Enters: c.enters.Load(), SQEs: c.sqes.Load(), CQEs: c.cqes.Load(), Reaps: c.reaps.Load(),
		DirectRecvs: c.directRecvs.Load(), DirectHits: c.directHits.Load(), DirectSends: c.directSends.Load(),
		Rearms: c.rearms.Load(), NoBuffers: c.noBuffers.Load(), Overflows: c.overflows.Load(),
		Inline: c.inline.Load(), Cancels: c.cancels.Load(), Spills: c.spills.Load(), Unexpected: c.unexpected.Load(), Events: c.events.Load(),
		ZeroCopies: c.zeroCopies.Load(), FixedIO: c.fixedIO.Load(), ZeroCopied: c.zeroCopied.Load(), Reruns: c.reruns.Load(), Ceded: c.ceded.Load(),
	}
}
