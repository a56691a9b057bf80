package poller

import (
	"time"
)

// deadline is the deadline of a side. Guarded by FD.mu.
//
// The timer is moved only when it would fire too late: a deadline pushed
// further for each request, as servers do, costs no timer work. It then fires
// early once and sets itself again.
type deadline struct {
	at      int64 // when it is due, nanotime; 0: no deadline
	expired bool  // it was due, and has not been set anew
	timer   *time.Timer
	fires   int64 // when the timer will fire; 0: it is not running
}

// timerSlack is how late a timer may fire and still be left alone.
const timerSlack = 50 * time.Microsecond

// stop ends the timer for good.
func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
}

// SetDeadline sets the deadline of reads and writes; the zero Time means none.
func (fd *FD) SetDeadline(t time.Time) error { return fd.setDeadlines(t, true, true) }

// SetReadDeadline sets the deadline of Read, Accept and RawRead, of calls
// already waiting too.
func (fd *FD) SetReadDeadline(t time.Time) error { return fd.setDeadlines(t, true, false) }

// SetWriteDeadline sets the deadline of Write, Writev and RawWrite, of calls
// already waiting too.
func (fd *FD) SetWriteDeadline(t time.Time) error { return fd.setDeadlines(t, false, true) }

func (fd *FD) setDeadlines(t time.Time, read, write bool) error {
	var now, at int64
	if !t.IsZero() {
		now = nanotime()
		at = dueAt(now, time.Until(t))
	}
	fd.mu.Lock()
	if fd.closing != nil {
		fd.mu.Unlock()
		return fd.closing
	}
	var kick *ring
	if read && fd.setSide(&fd.rd, now, at, fd.readTimer) {
		fd.rd.wake()
	}
	if write && fd.setSide(&fd.wr, now, at, fd.writeTimer) {
		kick = fd.cancelTx()
	}
	fd.mu.Unlock()
	if kick != nil {
		kick.drv.kick(alone)
	}
	return nil
}

// dueAt is the nanotime in d from now; never 0, which means no deadline.
func dueAt(now int64, d time.Duration) int64 {
	at := now + int64(d)
	switch {
	case d > 0 && at < now: // too far to count
		return 1<<63 - 1
	case at == 0:
		return 1
	}
	return at
}

// setSide sets a side's deadline and reports whether it is over already.
func (fd *FD) setSide(s *side, now, at int64, fire func()) (over bool) {
	s.at = at
	s.expired = at != 0 && at <= now
	if s.expired || at == 0 {
		return s.expired
	}
	if s.fires != 0 && s.fires <= at+int64(timerSlack) {
		return false
	}
	s.fires = at
	if s.timer == nil {
		s.timer = time.AfterFunc(time.Duration(at-now), fire)
	} else {
		s.timer.Reset(time.Duration(at - now))
	}
	return false
}

// due is called by a side's timer with mu held. It reports whether the
// deadline is over; if it was moved, the timer is set again.
func (fd *FD) due(s *side) bool {
	s.fires = 0
	if fd.closing != nil || s.at == 0 || s.expired {
		return false
	}
	if now := nanotime(); now < s.at {
		s.fires = s.at
		s.timer.Reset(time.Duration(s.at - now))
		return false
	}
	s.expired = true
	return true
}

func (fd *FD) readTimer() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.due(&fd.rd) {
		fd.rd.wake()
	}
}

func (fd *FD) writeTimer() {
	fd.mu.Lock()
	var kick *ring
	if fd.due(&fd.wr) {
		kick = fd.cancelTx()
	}
	fd.mu.Unlock()
	if kick != nil {
		kick.drv.kick(alone)
	}
}
