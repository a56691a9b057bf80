package poller

import (
	"runtime"
	"sync/atomic"

	"github.com/uringnet/go-uringnet/internal/rt"
)

// Company: others who want the CPU. A thread that loses it inside of a raw system call
// keeps its P for as long. Other Ps take over what waits there, but where there is only one
// everybody waits; if package syscall makes the call the runtime gives the P to another
// thread (retake, runtime/proc.go), which costs each call something. So some calls are
// timed, and one that has taken as long as only a thread does that was not running has
// calls handed off for a while.

// timed returns when a call begins that is to be timed, 0 for others. calls is how many
// there were on the core.
func timed(calls *atomic.Uint64) int64 {
	if calls.Load()%timedCalls != 0 {
		return 0
	}
	return rt.Nanotime()
}

// took takes the begin of a call that has ended.
func (c *company) took(begin int64) {
	if begin == 0 {
		return
	}
	now := rt.Nanotime()
	switch {
	case now-begin > int64(longCall) && runtime.GOMAXPROCS(0) == 1:
		c.until.Store(now + int64(companyTime))
		c.on.Store(true)
	case c.on.Load() && now > c.until.Load():
		c.on.Store(false)
	}
}
