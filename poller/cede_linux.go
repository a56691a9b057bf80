package poller

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// Where Reads find their bytes after a yield, a thread never sleeps. If it shares
// its CPU with another ring's thread, each then runs for a whole slice of the
// kernel's scheduler (4 ms) while the other's connections wait. So it cedes the CPU
// when it sees that another ring with work to do does not move.
const (
	// cedeEvery is how often a ring looks at the others, and for how long one of
	// them has not moved that is thought to wait for a CPU.
	cedeEvery = 100 * time.Microsecond
	// cedeHits is how many receives have found bytes at once, between two looks,
	// on a thread that does not sleep. With few the thread is about to sleep, and
	// the switch would cost more than it gives.
	cedeHits = 2
	// restAfter is for how long nothing has moved on a ring that is at rest, and
	// whose goroutines will not come back.
	restAfter = 20 * time.Millisecond
)

// cede is called where the ring's thread comes by, after each submission.
func (r *ring) cede() {
	if r.p.yields > 0 && len(r.p.rings) > 1 && r.crowds(nanotime()) {
		r.stat.ceded.Add(1)
		// Raw: the P stays with the thread. It takes half a microsecond if no other
		// thread wants the CPU.
		_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	}
}

// crowds reports whether it is time to look and another ring seems to wait for
// this one's CPU. Two that look at once may both be told so.
func (r *ring) crowds(now int64) bool {
	if now-r.looked.Load() < int64(cedeEvery) {
		return false
	}
	r.looked.Store(now)
	hits := r.stat.directHits.Load()
	if hits-r.hits.Swap(hits) < cedeHits {
		return false
	}
	for _, q := range r.p.rings {
		still := now - q.reaped.Load()
		if q != r && still > int64(cedeEvery) && still < int64(restAfter) && (q.loaded() || q.taskWork()) {
			return true
		}
	}
	return false
}

// taskWork reports whether completions wait for a thread to run their task work
// (IORING_SETUP_TASKRUN_FLAG, kernel 5.19).
func (r *ring) taskWork() bool {
	if !r.sqMu.TryLock() {
		return false
	}
	defer r.sqMu.Unlock()
	return !r.gone && r.mem.sqFlags.Load()&abi.SQTaskrun != 0
}
