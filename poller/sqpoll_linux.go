package poller

import (
	"runtime"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// sqpoll drives a ring whose submission queue a kernel thread polls. A push is
// published at once; the kernel thread is woken only when it sleeps. The
// poller goroutine of a shared ring reaps. The flusher is needed only for what
// completions push and when the queue is full: it waits for room.
type sqpoll struct{ *shared }

func newSQPoll(r *ring) *sqpoll {
	return &sqpoll{newShared(r, 0)}
}

func (s *sqpoll) start() error {
	if err := s.r.confine(); err != nil {
		return err
	}
	return s.begin(s.flush)
}

// kick implements driver. After a completion's push the flusher reaps too.
func (s *sqpoll) kick(u urgency) {
	if left := s.publish(); left || u == later {
		s.wakeFlusher()
	}
}

// publish shows the kernel thread what was pushed, and wakes it if it sleeps.
// It reports whether requests are left for which the queue has no room.
func (s *sqpoll) publish() (left bool) {
	r := s.r
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

// flush is the flusher goroutine: it reaps, and makes room when the queue was
// full.
func (s *sqpoll) flush() {
	defer s.done.Done()
	for range s.wake {
		s.flushing.Store(false)
		if s.closing.Load() {
			return
		}
		s.r.runEvents()
		if s.publish() {
			// Wait until the kernel thread has taken from the queue.
			_, errno := abi.EnterWait(s.r.fd, 0, 0, abi.EnterSQWait|abi.EnterSQWakeup)
			s.r.entered(0, errno)
		}
		s.r.reap()
		s.r.runEvents()
		runtime.Gosched()
		if s.publish() || s.r.events.waiting() {
			s.wakeFlusher()
		}
	}
}
