package store

import (
	"sync/atomic"
	"time"
)

// A writer is the state of the goroutine that writes.
type writer struct {
	state atomic.Int32  // awake, dozing or asleep
	wake  chan struct{} // has room for one
	timer *time.Timer

	group []*batch // what gather returned
	began int64    // when the last write began, by Store.elapsed
	seg   *segment // nil: the next write makes one
	last  uint64   // the number of the newest segment
	made  int      // segments

	retry   time.Duration // the last pause after an error; 0: there was none
	checked time.Time     // when it was last asked whether the segment is there
}

// What the writer may be doing, for those who have something for it.
const (
	awake  int32 = iota // will look at everything before it sleeps
	dozing              // sleeps until the oldest batch is due, at most
	asleep              // sleeps with no batch begun
)

func (w *writer) init() {
	w.wake = make(chan struct{}, 1)
	w.timer = time.NewTimer(time.Hour)
	w.timer.Stop()
}

// rouse wakes the writer; if begun, because a batch was begun, which is not
// worth waking it if it will look in time anyway.
func (s *Store) rouse(begun bool) {
	state := s.w.state.Load()
	if state == awake || state == dozing && begun {
		return
	}
	if s.w.state.CompareAndSwap(state, awake) {
		s.wakeWriter()
	}
}

// wakeWriter wakes the writer if it sleeps, or keeps it from sleeping.
func (s *Store) wakeWriter() {
	select {
	case s.w.wake <- struct{}{}:
	default:
	}
}

// write runs until the store is closed and everything is written.
func (s *Store) write() {
	for group := s.gather(); group != nil; group = s.gather() {
		s.storeAll(group)
	}
	s.closeLast()
	s.w.timer.Stop()
	close(s.stored)
}

// gather returns what is there to be written, waiting for it; nil when the
// store is closed and nothing is left. It also does what is due by time.
func (s *Store) gather() []*batch {
	w := &s.w
	for {
		w.state.Store(awake)
		s.health.steps.Add(1)
		closed := s.Err() != nil // before looking at the queue
		now := time.Now()
		s.syncIfDue(now)
		s.rotateIfOld()
		s.sealDue(now)
		if s.takeReady(); len(w.group) > 0 {
			w.began = s.elapsed(now)
			return w.group
		}
		if closed && !s.queued() {
			return nil
		}
		begun, wait := s.untilDue(now)
		state := asleep
		if begun {
			state = dozing
		}
		w.state.Store(state)
		if s.overlooked(begun, closed) {
			continue
		}
		s.sleep(wait, closed)
	}
}

// sleep sleeps until the writer is woken, or for wait if that is not 0.
func (s *Store) sleep(wait time.Duration, closed bool) {
	var due <-chan time.Time
	if wait > 0 {
		s.w.timer.Reset(wait)
		due = s.w.timer.C
	}
	closing := s.closing
	if closed {
		closing = nil // known
	}
	select {
	case <-s.w.wake:
	case <-due:
	case <-closing:
	}
	s.w.timer.Stop()
}

// sealDue seals the batches that are begun, if it is time to write.
func (s *Store) sealDue(now time.Time) {
	if s.opts.Durability != Group && s.untilWrite(now) > 0 {
		return
	}
	if s.squeeze != nil && s.queued() {
		return // let batches fill while others are being compressed
	}
	for _, l := range s.lanes {
		l.sealBegun()
	}
}

// untilWrite is how long until the next write may begin: they keep a distance, so that
// at high rates batches form, and a record that comes alone does not wait.
func (s *Store) untilWrite(now time.Time) time.Duration {
	return s.opts.BatchDelay - time.Duration(s.elapsed(now)-s.w.began)
}

// takeReady moves the batches that can be written from the queue to w.group.
func (s *Store) takeReady() {
	w := &s.w
	s.mu.Lock()
	n := 0
	for n < len(s.sealed) && s.sealed[n].ready {
		n++
	}
	w.group = append(w.group[:0], s.sealed[:n]...)
	rest := copy(s.sealed, s.sealed[n:])
	clear(s.sealed[rest:])
	s.sealed = s.sealed[:rest]
	s.mu.Unlock()
}

// queued reports whether batches are sealed and not taken.
func (s *Store) queued() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sealed) > 0
}

// untilDue returns whether a batch has been begun that has to be sealed at some
// time, and how long the writer may sleep; 0 means for ever.
func (s *Store) untilDue(now time.Time) (begun bool, wait time.Duration) {
	at := func(d time.Duration) {
		d = max(d, time.Microsecond)
		if wait == 0 || d < wait {
			wait = d
		}
	}
	if s.opts.Durability != Group {
		for _, l := range s.lanes {
			if l.begun.Load() {
				begun = true
				at(s.untilWrite(now))
			}
		}
	}
	if d, ok := s.untilSync(now); ok {
		at(d)
	}
	if seg := s.w.seg; seg != nil && seg.blocks > 0 {
		at(s.opts.SegmentAge - s.opts.now().Sub(seg.born))
	}
	return begun, wait
}

// overlooked reports whether there is something to do that came after the
// writer looked and before those who brought it could see that it sleeps.
func (s *Store) overlooked(begun, closed bool) bool {
	s.mu.Lock()
	n := len(s.sealed)
	ready := n > 0 && s.sealed[0].ready
	s.mu.Unlock()
	if ready || !closed && s.Err() != nil {
		return true
	}
	if begun || s.opts.Durability == Group && n > 0 {
		return false
	}
	for _, l := range s.lanes {
		if l.begun.Load() {
			return true
		}
	}
	return false
}
