package intake

import (
	"cmp"
	"slices"
)

// inUse is how many bytes the sessions hold.
func (s *Server) inUse() int64 { return s.parts.Load() + s.ahead.Load() }

// account notes what the session holds of an unfinished message. The lock is
// held.
func (x *Session) account() {
	n := int64(x.in.held())
	if had := x.parts.Swap(n); had != n {
		x.srv.parts.Add(n - had)
	}
}

// relieve keeps what the sessions hold within the budget, after x was given
// something. It is called without locks.
func (s *Server) relieve(x *Session) {
	if s.gated.Load() && s.inUse() > s.cfg.Budget {
		x.obeyGate() // this was on its way; the gate opens when something is given back
		return
	}
	s.relieved()
}

// relieved is relieve after something was given back, or may be now.
func (s *Server) relieved() {
	if s.gated.Load() || s.inUse() > s.cfg.Budget {
		s.settle()
	}
}

// settle brings what the sessions hold below the budget: the longest unfinished
// messages go to the store. If that is not enough, because the store is full, no
// session is read until it is.
func (s *Server) settle() {
	s.settling.Lock()
	defer s.settling.Unlock()
	if s.inUse() > s.cfg.Budget {
		s.spill()
	}
	for range 2 { // what is given back meanwhile may open the gate again
		over := s.inUse() > s.cfg.Budget
		if over == s.gated.Load() {
			return
		}
		s.gated.Store(over)
		for _, x := range s.all() {
			x.obeyGate()
		}
	}
}

// spill stores unfinished messages until a quarter of the budget is free.
func (s *Server) spill() {
	all := s.all()
	slices.SortFunc(all, func(a, b *Session) int { return cmp.Compare(b.parts.Load(), a.parts.Load()) })
	for _, x := range all {
		if x.parts.Load() == 0 || s.inUse() <= s.cfg.Budget/4*3 {
			return
		}
		x.spill()
	}
}

// spill stores what there is of the session's unfinished message.
func (x *Session) spill() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stalled || x.ended {
		return
	}
	if x.closing { // it is not read any more
		x.in.drop()
		x.account()
		return
	}
	x.srv.spilled.Add(1)
	x.in.spill()
	if x.in.refused {
		x.hold(nil)
		x.holdBack()
	}
	x.account()
}

// obeyGate pauses or resumes the session's peer as the budget wants it.
func (x *Session) obeyGate() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.srv.gated.Load() {
		x.pausePeer(&x.gated)
	} else {
		x.resumePeer(&x.gated)
	}
}

// pausePeer pauses the peer for one of two reasons. The lock is held.
func (x *Session) pausePeer(why *bool) {
	if !x.paused && !x.gated {
		x.peer.Pause()
	}
	*why = true
}

// resumePeer ends one of two reasons for a pause. The lock is held.
func (x *Session) resumePeer(why *bool) {
	if !*why {
		return
	}
	*why = false
	if x.paused || x.gated || x.draining || x.ended {
		return
	}
	x.restartTimeout()
	x.peer.Resume()
}
