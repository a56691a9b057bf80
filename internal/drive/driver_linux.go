package drive

import (
	"sync"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/internal/ring"
)

// Urgency is what a kick asks for.
type Urgency uint8

const (
	// Later: a completion has pushed, with locks held. The driver only makes
	// sure that a submission follows.
	Later Urgency = iota
	// Now: the caller is about to wait for the result, and holds no locks that
	// completions take. The driver may submit and reap on the caller's goroutine.
	Now
)

// Driver submits a ring's requests and reaps its completions.
type Driver interface {
	// Start begins to drive; it is called once, before any push.
	Start() error
	// Kick is called after a push.
	Kick(u Urgency)
	// OnThread runs f where the ring may be registered with, and waits for it.
	// After Stop it may not run f.
	OnThread(f func())
	// Stop ends driving and returns when no goroutine uses the ring.
	Stop()
}

// Client is who pushes to the ring. Its methods are called from the driver's own
// goroutines, Complete from others that reap too.
type Client interface {
	// Complete takes a completion; the ring's completion queue is locked. It reports
	// whether a goroutine was woken.
	Complete(c ring.Completion) (woke bool)
	// Work does what completions have left to do (event handlers), without locks.
	// It reports whether there was anything.
	Work() bool
	// Waiting reports whether Work has something to do.
	Waiting() bool
}

// retryDelay is how long what the kernel had no memory for waits.
const retryDelay = time.Millisecond

// shared drives a ring from Go's own threads. Whoever pushes submits and reaps; what
// completes later is reaped by the poller goroutine, parked in the runtime's
// netpoller on the ring's descriptor.
type shared struct {
	r      *ring.Ring
	c      Client
	parked *Parked

	mu      sync.Mutex
	retry   *time.Timer // guarded by mu: nil unless one is to fire
	stopped bool        // guarded by mu
}

// NewShared makes a Driver that drives r from Go's own threads.
func NewShared(r *ring.Ring, c Client) Driver { return &shared{r: r, c: c} }

func (s *shared) Start() (err error) {
	s.parked, err = Park(s.r.FD(), "io_uring", func() {
		s.reap()
		s.c.Work()
	})
	return err
}

func (s *shared) Kick(u Urgency) {
	if u == Later {
		s.again(0)
		return
	}
	s.submit()
}

func (s *shared) submit() {
	if errno := s.r.Submit(true); errno != 0 {
		if errno == syscall.EBUSY {
			s.again(0)
		} else {
			s.again(retryDelay)
		}
	}
	s.reap()
}

func (s *shared) reap() {
	if _, short := s.r.Reap(s.complete); short {
		s.again(retryDelay)
	}
}

func (s *shared) complete(c ring.Completion) { s.c.Complete(c) }

// again submits and reaps once more, elsewhere.
func (s *shared) again(after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retry != nil || s.stopped {
		return
	}
	s.retry = time.AfterFunc(after, func() {
		s.mu.Lock()
		s.retry = nil
		stopped := s.stopped
		s.mu.Unlock()
		if !stopped {
			s.submit()
		}
	})
}

// OnThread implements Driver: any thread will do.
func (s *shared) OnThread(f func()) { f() }

func (s *shared) Stop() {
	s.mu.Lock()
	s.stopped = true
	if s.retry != nil {
		s.retry.Stop()
	}
	s.mu.Unlock()
	s.parked.Stop()
}
