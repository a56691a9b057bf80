package poller

import "time"

// pace finds out whether a dedicated thread gains by BatchWait. While bytes come
// in bulk it does not: each completion brings enough, and a thread that waits for
// more leaves the CPU idle. It belongs to the thread.
type pace struct {
	since  int64  // when the present window began, by nanotime
	inflow uint64 // bytes that the ring had received then
	until  int64  // when the last bulk counts no more
}

// A window is of bulk if its bytes came at bulkRate a second, several times what
// 60,000 small messages a second are. Senders stop and go, so one such window
// counts for bulkHold.
const (
	paceWindow = int64(time.Millisecond)
	bulkRate   = 32 << 20
	bulkHold   = int64(20 * time.Millisecond)
)

// batchWait is how long the next round may wait for company of its first
// completion.
func (p *pace) batchWait(r *ring) time.Duration {
	wait := r.p.cfg.BatchWait
	if wait == 0 {
		return 0
	}
	now := nanotime()
	if length := now - p.since; length >= paceWindow {
		inflow := r.stat.bytesIn.Load()
		if float64(inflow-p.inflow) >= bulkRate*time.Duration(length).Seconds() {
			p.until = now + bulkHold
		}
		p.since, p.inflow = now, inflow
	}
	if now < p.until {
		return 0
	}
	return wait
}
