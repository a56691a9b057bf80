package drive

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/internal/ring"
)

// sqpoll drives a ring whose submission queue a kernel thread polls. A push is
// published at once; the kernel thread is woken only when it sleeps. A poller
// goroutine reaps. The flusher is for what completions push, and for when the queue
// is full: it waits for room.
type sqpoll struct {
	r      *ring.Ring
	c      Client
	cpus   []int // of the kernel's workers
	parked *Parked

	wake     chan struct{}
	flushing atomic.Bool // the flusher was woken and has not begun
	closing  atomic.Bool
	done     sync.WaitGroup
}

// NewSQPoll makes a Driver of a ring with IORING_SETUP_SQPOLL; cpus, if there are any,
// are those of its io-wq workers.
func NewSQPoll(r *ring.Ring, c Client, cpus []int) Driver {
	return &sqpoll{r: r, c: c, cpus: cpus, wake: make(chan struct{}, 1)}
}

func (s *sqpoll) Start() (err error) {
	if len(s.cpus) > 0 {
		if err := s.r.Confine(s.cpus); err != nil {
			return confineError(s.cpus, err)
		}
	}
	if s.parked, err = Park(s.r.FD(), "io_uring", s.reap); err != nil {
		return err
	}
	s.done.Add(1)
	go s.flush()
	return nil
}

// Kick implements Driver. After a completion's push the flusher reaps too.
func (s *sqpoll) Kick(u Urgency) {
	if left := s.r.Publish(); left || u == Later {
		s.wakeFlusher()
	}
}

func (s *sqpoll) wakeFlusher() {
	if s.flushing.CompareAndSwap(false, true) {
		s.wake <- struct{}{}
	}
}

// reap is the poller goroutine's.
func (s *sqpoll) reap() {
	if _, short := s.r.Reap(s.complete); short {
		time.AfterFunc(retryDelay, s.wakeFlusher)
	}
	if s.c.Work() {
		s.Kick(Now)
	}
	if s.c.Waiting() {
		s.wakeFlusher()
	}
}

func (s *sqpoll) complete(c ring.Completion) { s.c.Complete(c) }

// flush is the flusher goroutine: it reaps, and makes room when the queue was
// full.
func (s *sqpoll) flush() {
	defer s.done.Done()
	for range s.wake {
		s.flushing.Store(false)
		if s.closing.Load() {
			return
		}
		s.c.Work()
		if s.r.Publish() {
			s.r.AwaitRoom()
		}
		s.reap()
		runtime.Gosched()
		if s.r.Publish() || s.c.Waiting() {
			s.wakeFlusher()
		}
	}
}

// OnThread implements Driver: any thread will do.
func (s *sqpoll) OnThread(f func()) { f() }

func (s *sqpoll) Stop() {
	s.closing.Store(true)
	s.wakeFlusher()
	s.parked.Stop()
	s.done.Wait()
}
