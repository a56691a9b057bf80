package poller

import "github.com/uringnet/go-uringnet/internal/rt"

// Waiting apart: each FD by itself, in the runtime's netpoller, as package net's
// descriptors wait. Whoever waits goes on on the thread that the report wakes, where a
// loop would have to wake it in turn. What the loop still tells of is the end (EPOLLRDHUP),
// which the runtime does not tell from bytes: without it no Read could take for granted
// that a receive has brought all there was.

// wait waits until something has happened on s since it was cleared, its deadline is over
// or the FD closed, and sometimes for less: the caller looks again. The caller holds s.lock.
func (fd *FD) wait(s *side) error {
	if fd.waitsApart(s) {
		fd.waitApart(s)
		return nil
	}
	bits := uint32(watchedIn)
	if s == &fd.wr {
		bits = watchedOut
	}
	if err := fd.watch(bits); err != nil {
		return err
	}
	fd.park(s)
	return nil
}

// waitsApart says in which way the caller, who holds s.lock, is to wait, after it has seen
// to it that the FD is where it has to be for that.
func (fd *FD) waitsApart(s *side) bool {
	p := fd.p
	if !p.apart || fd.np.refused.Load() || fd.ev.Load() != nil {
		return false
	}
	if p.crowd.on.Load() && !fd.listener {
		return fd.np.at.Load() != 0 && !fd.leaveNetpoll(s)
	}
	if !fd.enterNetpoll() {
		return false
	}
	if s == &fd.rd && fd.watched.Load()&watchedIn != 0 {
		fd.narrow() // only whoever reads may: another reader may be parked by the loop
	}
	return true
}

// waitApart waits in the runtime's netpoller.
func (fd *FD) waitApart(s *side) {
	if !fd.use() { // until it has returned the place is not given up
		return
	}
	defer fd.unuse()
	at := rt.Netpoll(fd.np.at.Load())
	if at == 0 || !s.state.CompareAndSwap(idle, apart) {
		return
	}
	// A deadline or Close that came before has found nobody to wake.
	if fd.hurried(s) && s.state.CompareAndSwap(apart, idle) {
		return
	}
	told, broken := at.Wait(s.mode())
	if broken { // the kernel says what is wrong, and the loop when that has changed
		fd.np.refused.Store(true)
	}
	if told || broken {
		s.state.Store(ready) // whoever has evicted meanwhile does not know of the report
		return
	}
	// Whoever has kicked has moved the state, or that was an earlier one.
	fd.np.calm(s.mode())
	s.state.CompareAndSwap(apart, idle)
}

// enterNetpoll has the runtime report on the FD. It reports false if that cannot be.
func (fd *FD) enterNetpoll() bool {
	n := &fd.np
	if n.at.Load() != 0 {
		return true
	}
	if !fd.use() {
		return true // the wait finds out
	}
	defer fd.unuse()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.at.Load() != 0 || n.over {
		return true
	}
	at, errno := rt.OpenNetpoll(fd.sysfd)
	if errno != 0 {
		n.refused.Store(true)
		return false
	}
	n.at.Store(uintptr(at))
	return true
}

// leaveNetpoll ends the runtime's reports, if the other side does not use them now. The
// caller holds s.lock. It reports whether they have ended.
func (fd *FD) leaveNetpoll(s *side) bool {
	other := &fd.rd
	if s == other {
		other = &fd.wr
	}
	if !other.lock.TryLock() {
		return false
	}
	defer other.lock.Unlock()
	fd.np.leave()
	return true
}
