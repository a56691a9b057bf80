package poller

import (
	"sync"
	"sync/atomic"
)

// side is what the readers, or the writers, of an FD wait with. They take turns by
// lock, so that at most one of them waits. state:
//
//	idle     nothing is known of, nobody waits
//	ready    something has happened since the state was cleared
//	waiting  a goroutine is parked on ch, or about to be
//	taken    it stays parked while the ring receives for it
//	again    as taken, and something has happened meanwhile
//
//	          clear             wait
//	  ready --------> idle ----------------> waiting --take--> taken --note--> again
//	    ^  <--note---  | ^ <---evict, token--  |  ^               |              |
//	    |              | |                     |  +----untake-----+              |
//	    +<-------------------note, token-------+                  |              |
//	    +<-----------------------------give, token----------------+--------------+
//
// Whoever moves the state away from waiting sends the token, but for take; whoever
// has taken sends it by give. The state is cleared before the kernel is asked: what
// happens between the question and the wait is then not lost.
type side struct {
	lock    sync.Mutex
	state   atomic.Uint32
	expired atomic.Bool   // the deadline was due, and has not been set anew; written with FD.mu held
	ch      chan struct{} // the completion channel: made by the first wait, by whoever holds lock
	due     *deadline     // guarded by FD.mu; nil: none was ever set
}

const (
	ready uint32 = iota // the zero value: the kernel is asked first
	idle
	waiting
	taken
	again
)

// clear forgets what has happened. The caller holds lock.
func (s *side) clear() {
	if s.state.Load() != idle {
		s.state.Store(idle)
	}
}

// note says that something has happened, and wakes whoever waits for it. It reports
// whether somebody did.
func (s *side) note() bool {
	for {
		old := s.state.Load()
		next := ready
		switch old {
		case ready, again:
			return false
		case taken:
			next = again
		}
		if s.state.CompareAndSwap(old, next) {
			if old == waiting {
				s.ch <- struct{}{}
			}
			return old == waiting
		}
	}
}

// evict wakes whoever waits, without anything having happened: for a deadline, or
// the end.
func (s *side) evict() {
	if s.state.CompareAndSwap(waiting, idle) {
		s.ch <- struct{}{}
	}
}

// take keeps whoever waits parked until give or untake. It reports whether anybody
// waits.
func (s *side) take() bool { return s.state.CompareAndSwap(waiting, taken) }

// give ends take and wakes.
func (s *side) give(next uint32) {
	if s.state.Swap(next) == again {
		s.state.CompareAndSwap(idle, ready)
	}
	s.ch <- struct{}{}
}

// untake lets it wait again. It reports false if something has happened since take:
// that then is still in force.
func (s *side) untake() bool {
	return s.state.CompareAndSwap(taken, waiting) || !s.state.CompareAndSwap(again, taken)
}

// hurried reports whether whoever waits on s is to go on all the same.
func (fd *FD) hurried(s *side) bool { return s.expired.Load() || fd.life.closed() }

// park waits until something has happened on s since it was cleared, its deadline is
// over or the FD closed. The caller holds s.lock.
func (fd *FD) park(s *side) {
	if s.ch == nil {
		s.ch = fd.p.newChan()
	}
	if !s.state.CompareAndSwap(idle, waiting) {
		return
	}
	// A deadline or Close that came before has found nobody to wake.
	if fd.hurried(s) && s.state.CompareAndSwap(waiting, idle) {
		return
	}
	<-s.ch
}

// parkUntil is park for a caller with a limit of its own in place of the deadline.
// Whoever makes it over calls evict afterwards.
func (fd *FD) parkUntil(s *side, over func() bool) {
	if s.ch == nil {
		s.ch = fd.p.newChan()
	}
	if !s.state.CompareAndSwap(idle, waiting) || over() && s.state.CompareAndSwap(waiting, idle) {
		return
	}
	<-s.ch
}

// await is parkUntil for something that comes to an end by itself: what else is noted
// meanwhile is forgotten. Whoever makes it over calls note or evict. The caller calls
// again until it is over.
func (fd *FD) await(s *side, over func() bool) {
	if s.state.Load() != idle {
		s.clear()
		return
	}
	fd.parkUntil(s, over)
}
