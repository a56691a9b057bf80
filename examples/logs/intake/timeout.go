package intake

import (
	"fmt"
	"time"
)

// ExpireUnfinished ends the connections that have begun a message and not ended it
// within Config.LineTimeout. What there is of a line is stored, marked cut; a RELP
// client is told that the session is closed, and sends its frame again. Call it
// now and then.
func (s *Server) ExpireUnfinished(now time.Time) {
	if s.cfg.LineTimeout <= 0 {
		return
	}
	for _, x := range s.all() {
		x.expire(now)
	}
}

// Expired is how many connections ExpireUnfinished has ended.
func (s *Server) Expired() uint64 { return s.expired.Load() }

// Spilled is how many unfinished messages were stored for the memory that they
// took; what followed is in records of their own.
func (s *Server) Spilled() uint64 { return s.spilled.Load() }

// noteUnfinished notes since when a message is unfinished, after a chunk. The lock
// is held.
func (x *Session) noteUnfinished() {
	switch {
	case !x.in.unfinished():
		x.since = time.Time{}
	case x.since.IsZero() || x.in.ended:
		x.since = x.in.now
	}
}

// restartTimeout gives the client of a peer that was paused its time again. The
// lock is held.
func (x *Session) restartTimeout() {
	if !x.since.IsZero() {
		x.since = x.srv.cfg.Now()
	}
}

// expire ends the session if its message is unfinished for too long. It does not
// while the peer is held back: it is not the client then that is late.
func (x *Session) expire(now time.Time) {
	x.mu.Lock()
	idle := !x.stalled && !x.gated && !x.closing && !x.draining && !x.ended
	if !idle || x.since.IsZero() || now.Sub(x.since) < x.srv.cfg.LineTimeout {
		x.mu.Unlock()
		return
	}
	x.srv.expired.Add(1)
	x.report(fmt.Errorf("a message is unfinished after %v", x.srv.cfg.LineTimeout))
	if x.proto == RELP {
		x.draining = true
		x.hangUp()
	} else {
		x.cutOff()
	}
	x.account()
	x.mu.Unlock()
	x.reply()
	x.srv.relieved()
}

// cutOff stores what there is of an unfinished line and ends the session, now or
// when the store has taken it.
func (x *Session) cutOff() {
	x.in.cutOff()
	x.since = time.Time{}
	if !x.in.refused {
		x.stop()
		return
	}
	x.expiring = true
	x.hold(nil)
	x.holdBack()
}
