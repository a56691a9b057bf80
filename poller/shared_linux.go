package poller

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxBatch bounds a batch: whoever pushes that many requests submits them,
// without reaping. That many, half of them sends, take about 0.5 ms, during
// which the raw enter holds a P; 64, 128 and 1024 gave less at 1000
// connections (benchmarks/LOG.md).
const maxBatch = 256

// retryDelay is how long a submission that the kernel had no memory for waits.
const retryDelay = time.Millisecond

// shared drives a ring from Go's own threads. Three kinds of goroutine enter
// it: a writer that is alone submits its own request; otherwise the first to
// push wakes the flusher, which yields once, so that everything runnable
// pushes too, then submits all in one enter and reaps; and when all is idle
// the poller goroutine, parked in the runtime's netpoller on the ring's
// descriptor, reaps what arrives.
type shared struct {
	r    *ring
	file *os.File // the ring's descriptor, registered with the runtime's netpoller
	wake chan struct{}

	// flushing is set from the wake of the flusher until it submits.
	flushing atomic.Bool
	inline   bool
	closing  atomic.Bool
	done     sync.WaitGroup
}

func newShared(r *ring, feats Feature) *shared {
	return &shared{r: r, wake: make(chan struct{}, 1), inline: feats.Has(FeatInlineSubmit)}
}

func (s *shared) woke(completion) {}

// onThread implements driver: any thread will do.
func (s *shared) onThread(f func()) { f() }

func (s *shared) start() error { return s.begin(s.flush) }

// begin starts the flusher and the poller goroutine.
func (s *shared) begin(flush func()) error {
	if err := s.watch(s.r); err != nil {
		return err
	}
	s.done.Add(2)
	go flush()
	go s.poll()
	return nil
}

// watch registers the ring's descriptor with the runtime's netpoller.
func (s *shared) watch(r *ring) error {
	// The file owns a duplicate, so that closing it leaves the ring open.
	fd, err := unix.FcntlInt(uintptr(r.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return err
	}
	s.file = os.NewFile(uintptr(fd), "io_uring")
	// A file that cannot be polled would block a thread in the poller
	// goroutine's first wait; a deadline tells.
	if err := s.file.SetReadDeadline(time.Time{}); err != nil {
		s.file.Close()
		return err
	}
	return nil
}

// kick implements driver.
func (s *shared) kick(u urgency) {
	r := s.r
	if u == later {
		s.wakeFlusher()
		return
	}
	if s.inline && u == alone && r.expect.Load() <= 0 && !s.flushing.Load() {
		r.stat.inline.Add(1)
		s.submitAndReap()
		if r.events.waiting() {
			s.wakeFlusher() // handlers do not run on the caller's goroutine
		}
		return
	}
	if r.queued.Load() >= maxBatch {
		// Completions are left for the flusher: reaping here would wake new
		// arrivals before the last round has run.
		r.submit(false)
	}
	s.wakeFlusher()
}

// slowWriter is from how much computing between writes a batch is not waited
// for. A batch saves a few microseconds a write, but each of its writers waits
// for the others, and if they compute for long it costs as much as they take.
const slowWriter = 100 * time.Microsecond

// wroteNow notes that a writer has come.
func (r *ring) wroteNow() {
	now := nanotime()
	gap := min(now-r.wrote.Swap(now), 10*int64(slowWriter))
	avg := r.writeGap.Load()
	avg += (gap - avg) / 8
	r.writeGap.Store(avg) // another writer's gap may be lost: it is an estimate
}

// slow reports whether writers compute for long, by the moving average of the time
// from one to the next: their bytes then leave at once, by send(2). Only a Shared
// ring is asked; the others submit without waiting.
func (r *ring) slow() bool { return r.writeGap.Load() > int64(slowWriter) }

func (s *shared) wakeFlusher() {
	if s.flushing.CompareAndSwap(false, true) {
		s.wake <- struct{}{}
	}
}

// flush is the flusher goroutine.
func (s *shared) flush() {
	defer s.done.Done()
	for range s.wake {
		runtime.Gosched() // to the back of the global queue
		s.flushing.Store(false)
		if s.closing.Load() {
			return
		}
		s.r.runEvents()
		s.r.uncorkAll()
		if s.r.still() {
			continue // it came for what was held only
		}
		s.submitAndReap()
		s.afterReap()
	}
}

// afterReap runs handlers and sees to it that what they push is submitted.
func (s *shared) afterReap() {
	if s.r.runEvents() && (s.r.events.waiting() || s.r.pending() > 0) {
		s.wakeFlusher()
	}
}

// submitAndReap submits what was pushed and handles what has completed.
func (s *shared) submitAndReap() {
	errno := s.r.submit(true)
	n := s.r.reap()
	s.r.cede()
	switch {
	case errno == 0:
	case n > 0 || errno == syscall.EBUSY:
		s.wakeFlusher()
	default: // the kernel is short of memory and nothing completed
		time.AfterFunc(retryDelay, s.wakeFlusher)
	}
}

// poll is the poller goroutine.
func (s *shared) poll() {
	defer s.done.Done()
	rc, err := s.file.SyscallConn()
	if err != nil {
		return
	}
	// RawConn.Read parks in the netpoller each time its function returns
	// false, and ends when the file is closed.
	_ = rc.Read(func(uintptr) bool {
		if s.closing.Load() {
			return true
		}
		s.r.reap()
		if s.r.events.waiting() {
			s.afterReap()
		}
		return false
	})
}

func (s *shared) stop() {
	s.closing.Store(true)
	s.wakeFlusher()
	s.file.Close()
	s.done.Wait()
}
