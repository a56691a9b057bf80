package drive

import (
	"time"

	"github.com/uringnet/go-uringnet/internal/rt"
)

// pace finds out whether a dedicated thread gains by waiting for company of a
// completion. While bytes come in bulk it does not: each completion brings enough, and
// a thread that waits for more leaves the CPU idle. It belongs to the thread.
type pace struct {
	wait   time.Duration
	inflow func() uint64
	since  int64  // when the present window began, by rt.Nanotime
	bytes  uint64 // that the ring had received then
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
func (p *pace) batchWait() time.Duration {
	if p.wait == 0 {
		return 0
	}
	now := rt.Nanotime()
	if length := now - p.since; length >= paceWindow {
		bytes := p.inflow()
		if float64(bytes-p.bytes) >= bulkRate*time.Duration(length).Seconds() {
			p.until = now + bulkHold
		}
		p.since, p.bytes = now, bytes
	}
	if now < p.until {
		return 0
	}
	return p.wait
}
