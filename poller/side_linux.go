package poller

import (
	"sync"
	"sync/atomic"
	"time"
)

// side is what the readers, or the writers, of an FD wait with. They take turns by
// lock, so that at most one of them waits. state:
//
//	idle     nothing is known of, nobody waits
//	ready    something has happened since the state was cleared
//	waiting  a goroutine is parked on ch, or about to be
//	taken    it stays parked while the ring receives for it
//	again    as taken, and something has happened meanwhile
//	apart    a goroutine waits in the runtime's netpoller, or is about to
//
//	          clear             wait
//	  ready --------> idle ----------------> waiting --take--> taken --note--> again
//	    ^  <--note---  | ^ <---evict, token--  |  ^               |              |
//	    |              | |                     |  +----untake-----+              |
//	    +<-------------------note, token-------+                  |              |
//	    +<-----------------------------give, token----------------+--------------+
//
// apart is as waiting, but that nobody takes, and that the token is a kick; whoever waits
// may move the state itself. Whoever else moves it away from waiting sends the token, but
// for take; whoever has taken sends it by give. The state is cleared before the kernel is asked: what
// happens between the question and the wait is then not lost.
type side struct {
	lock    sync.Mutex
	state   atomic.Uint32
	expired atomic.Bool   // the deadline was due, and has not been set anew; written with FD.mu held
	ch      chan struct{} // the completion channel: made by the first wait, by whoever holds lock
	due     *deadline     // guarded by FD.mu; nil: none was ever set
	np      *netpoll      // its FD's
	writes  bool          // it is FD.wr
}

// mode is the side's in the runtime's netpoller.
func (s *side) mode() int {
	if s.writes {
		return 'w'
	}
	return 'r'
}

const (
	ready uint32 = iota // the zero value: the kernel is asked first
	idle
	waiting
	taken
	again
	apart
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
			switch old {
			case waiting:
				s.ch <- struct{}{}
			case apart:
				s.np.kick(s.mode())
			}
			return old == waiting || old == apart
		}
	}
}

// evict wakes whoever waits, without anything having happened: for a deadline, or
// the end.
func (s *side) evict() {
	if s.state.CompareAndSwap(waiting, idle) {
		s.ch <- struct{}{}
	} else if s.state.CompareAndSwap(apart, idle) {
		s.np.kick(s.mode())
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

// deadline is the deadline of a side, made when the first is set. Guarded by FD.mu.
//
// The timer is moved only when it would fire too late: a deadline pushed
// further for each request, as servers do, costs no timer work. It then fires
// early once and sets itself again.
type deadline struct {
	at    int64 // when it is due, rt.Nanotime; 0: no deadline
	timer *time.Timer
	fires int64 // when the timer will fire; 0: it is not running
}

// stop ends the timer for good.
func (d *deadline) stop() {
	if d != nil && d.timer != nil {
		d.timer.Stop()
	}
}
