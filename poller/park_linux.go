package poller

import "os"

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

// writable returns why nothing can be written now.
func (fd *FD) writable() error {
	if fd.life.closed() {
		return fd.closing
	}
	if fd.wr.expired.Load() {
		return os.ErrDeadlineExceeded
	}
	return nil
}
