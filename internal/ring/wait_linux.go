package ring

import (
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// A ring that one thread alone enters, and sleeps in (IORING_SETUP_SINGLE_ISSUER), or
// whose submission queue a kernel thread polls (IORING_SETUP_SQPOLL).

// waitBatch is at how many completions a wait for company ends.
const waitBatch = 256

// idleWait bounds, in seconds, how long an idle thread sleeps in one call.
const idleWait = 3600

// Waiter is what one thread waits with. It is that thread's own.
type Waiter struct {
	r     *Ring
	flags uint32             // of each wait
	ts    abi.KernelTimespec // on the heap, as the kernel reads it
	arg   bool               // FeatExtArg
	min   bool               // FeatMinTimeout
}

// NewWaiter makes the Waiter of a ring. noIOWait asks the kernel not to count its
// waits as waits for a disk.
func (r *Ring) NewWaiter(feats Feature, noIOWait bool) *Waiter {
	w := &Waiter{r: r, arg: feats.Has(FeatExtArg), min: feats.Has(FeatExtArg | FeatMinTimeout)}
	w.flags = abi.EnterGetevents
	if noIOWait && r.NoIOWait() {
		w.flags |= abi.EnterNoIOWait
	}
	return w
}

// Round submits what was pushed and waits for a completion: if stay says so, and
// nothing was pushed since, which is looked at after stay. With batch, a wait goes on for so long after
// the first completion, for company.
func (w *Waiter) Round(batch time.Duration, stay func() bool) syscall.Errno {
	r := w.r
	r.enterMu.Lock()
	defer r.enterMu.Unlock()
	n := r.stage()
	wait := uint32(0)
	if stay() && r.Pending() <= int32(n) && !r.faults.holds() {
		wait = 1
	}
	if errno := r.faults.enter(n); errno != 0 {
		return errno
	}
	return w.enter(n, wait, batch)
}

// enter submits n requests and waits for completions.
func (w *Waiter) enter(n, wait uint32, batch time.Duration) syscall.Errno {
	r := w.r
	var done int
	var errno syscall.Errno
	switch {
	case wait == 0:
		done, errno = abi.EnterWait(r.fd, n, 0, abi.EnterGetevents)
	case batch == 0:
		done, errno = abi.EnterWait(r.fd, n, wait, w.flags)
	case w.min:
		// Wait until a batch is there, or the time is over and something is.
		// Without a timeout beside it, the minimum wait would end the call with
		// nothing, over and over on an idle ring.
		w.ts = abi.KernelTimespec{Sec: idleWait}
		done, errno = abi.EnterArg(r.fd, n, waitBatch, w.flags, uint32(batch.Microseconds()), &w.ts)
	default:
		done, errno = abi.EnterWait(r.fd, n, wait, w.flags)
		if errno == 0 && w.arg {
			// The first completion is there: give others time to join it.
			w.ts = abi.KernelTimespec{Nsec: int64(batch)}
			r.entered(done, errno)
			done, errno = abi.EnterArg(r.fd, 0, waitBatch, w.flags, 0, &w.ts)
		}
	}
	if errno == syscall.ETIME {
		errno = 0
	}
	r.entered(done, errno)
	return errno
}

// Publish shows the kernel thread what was pushed, and wakes it if it sleeps.
// It reports whether requests are left for which the queue has no room.
func (r *Ring) Publish() (left bool) {
	r.enterMu.Lock()
	defer r.enterMu.Unlock()
	if r.gone {
		return false
	}
	r.stage()
	if r.mem.sqFlags.Load()&abi.SQNeedWakeup != 0 {
		_, errno := abi.Enter(r.fd, 0, abi.EnterSQWakeup)
		r.entered(0, errno)
	}
	return r.settleSQ()
}

// AwaitRoom waits until the kernel thread has taken from the queue.
func (r *Ring) AwaitRoom() {
	_, errno := abi.EnterWait(r.fd, 0, 0, abi.EnterSQWait|abi.EnterSQWakeup)
	r.entered(0, errno)
}

// settleSQ counts what a kernel thread has taken from the queue and reports
// whether requests wait for room in it. enterMu is held.
func (r *Ring) settleSQ() (full bool) {
	r.sqMu.Lock()
	defer r.sqMu.Unlock()
	left := int32(r.tail-r.mem.sqHead.Load()) + int32(len(r.backlog))
	taken := r.queued.Load() - left
	r.queued.Store(left)
	if taken > 0 {
		r.stats.SQEs.Add(uint64(taken))
	}
	return len(r.backlog) > 0
}
