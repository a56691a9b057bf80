package poller

import (
	"syscall"
	"time"
)

// Some kernels can leave a request waiting. A thread's io-wq workers go when its
// last ring is closed (io_wq_set_exit_on_idle, since 7.0 and in stable kernels,
// 6.18.44 among them); one that is about to go can still be picked for a request
// on that thread's next ring, and then nobody runs it until the same thread queues
// another (io_wq_enqueue and io_wq_worker, io_uring/io-wq.c; benchmarks/LOG.md).
//
// So a request of a file that takes long is cancelled, which finds it wherever it
// waits, and run again. One that only is slow goes on, or is interrupted, and is
// left in peace for twice as long the next time.

// rerunAfter is how long a request of a file may take before it is first run
// again.
const rerunAfter = time.Second

// await returns when the caller's tasks are done. It cancels user each time the
// patience is over, which then doubles, and reports whether it did.
func (s *single) await(r *ring, user userData, patience *time.Duration) (cancelled bool) {
	s.timer.Reset(*patience)
	defer s.timer.Stop()
	for {
		select {
		case <-s.done:
			return cancelled
		case <-s.timer.C:
			cancelled = true
			*patience *= 2
			s.timer.Reset(*patience)
			r.pushCancel(user)
			r.drv.kick(alone)
		}
	}
}

// interrupted is the result res, EINTR where the kernel passes on what is meant for
// itself: ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK
// (include/linux/errno.h). io_uring does so for splices and opens.
func interrupted(res int32) int32 {
	switch -res {
	case 512, 513, 514, 516:
		return -int32(syscall.EINTR)
	}
	return res
}

// again reports whether a request with that result has to be run again: one that was
// interrupted, or that await has cancelled.
func (p *Poller) again(res int32, cancelled bool) bool {
	if res != -int32(syscall.EINTR) && !(cancelled && res == -int32(syscall.ECANCELED)) {
		return false
	}
	p.opening.RLock()
	defer p.opening.RUnlock()
	return !p.closing
}
