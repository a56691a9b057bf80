package poller

import "github.com/uringnet/go-uringnet/internal/rt"

// When FDs wait apart, and when together by the loops. Together costs a wake more for each
// report; what it brings is that a loop receives by its ring, in one enter, for all who are
// ready. That can be known only by trying: where much is received, FDs wait together for
// some harvests, and go on to if these had much to report.
//
//	apart ----receives come fast enough, and the pause is over----> together
//	      <----crowdHarvests harvests of few reports on average----
//
// The pause doubles each time that it was for nothing.

// received counts a recv(2) on the core of whoever has made it.
func (c *core) received() {
	if n := c.stat.recvs.Add(1); n%crowdReads == 0 && c.p.gathers {
		c.consider()
	}
}

// consider tries waiting together, if the core's last receives came fast and were small:
// what a large one costs is not the call.
func (c *core) consider() {
	p := c.p
	now, bytes := rt.Nanotime(), c.stat.bytesIn.Load()
	since := now - c.considered.Swap(now)
	if bytes-c.consideredIn.Swap(bytes) > crowdReads*maxDeliver {
		return
	}
	if since <= crowdReads*crowdCalls*int64(p.callCost) && !p.crowd.on.Load() && now >= p.crowd.next.Load() {
		p.crowd.on.Store(true)
	}
}

// judge counts a harvest of so many reports, and ends waiting together where that has
// brought little. Called by the loop's goroutine.
func (l *loop) judge(reports int) {
	l.judged++
	l.reports += reports
	if l.judged < crowdHarvests {
		return
	}
	p := l.c.p
	pause := int64(crowdPause)
	enough := crowdReports
	if p.transfer == TransferRing {
		enough = ringReceives // system calls are dear: each that is spared counts
	}
	if l.reports < enough*l.judged {
		pause = max(p.crowd.pause.Load(), pause)
		p.crowd.next.Store(rt.Nanotime() + pause)
		p.crowd.on.Store(false)
		pause = min(2*pause, int64(crowdPauseMax))
	}
	p.crowd.pause.Store(pause)
	l.judged, l.reports = 0, 0
}

// crowdPauseMax bounds the pause.
const crowdPauseMax = 64 * crowdPause
