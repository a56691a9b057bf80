package poller

import (
	"runtime"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// sqpoll drives a ring whose submission queue a kernel thread polls. A push is
// published at once; the kernel thread is woken only when it sleeps. The
// poller goroutine of a shared ring reaps. The flusher is needed only when the
// queue is full: it waits for room.
type sqpoll struct{ *shared }

func newSQPoll(r *ring) *sqpoll {
	return &sqpoll{newShared(r, 0)}
}

func (s *sqpoll) start() error {
	if err := s.watch(s.r); err != nil {
		return err
	}
	s.done.Add(2)
	go s.flush()
	go s.poll()
	return nil
}

// kick implements driver.
func (s *sqpoll) kick(bool) {
	r := s.r
	r.enterMu.Lock()
	if r.gone {
		r.enterMu.Unlock()
		return
	}
	r.stage()
	flags := uint32(0)
	if r.mem.sqFlags.Load()&abi.SQNeedWakeup != 0 {
		flags = abi.EnterSQWakeup
	}
	if flags != 0 {
		_, errno := abi.Enter(r.fd, 0, flags)
		r.entered(0, errno)
	}
	r.settle()
	full := r.hasBacklog()
	r.enterMu.Unlock()
	if full {
		s.wakeFlusher()
	}
}

// flush is the flusher goroutine: it makes room when the queue was full.
func (s *sqpoll) flush() {
	defer s.done.Done()
	for range s.wake {
		s.flushing.Store(false)
		if s.closing.Load() {
			return
		}
		// Wait until the kernel thread has taken what is in the queue.
		_, errno := abi.EnterWait(s.r.fd, 0, 0, abi.EnterSQWait|abi.EnterSQWakeup)
		s.r.entered(0, errno)
		s.r.reap()
		runtime.Gosched()
		s.kick(false)
	}
}
