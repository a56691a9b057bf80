package poller

import (
	"time"

	"github.com/uringnet/go-uringnet/internal/rt"
)

// timerSlack is how late a timer may fire and still be left alone.
const timerSlack = 50 * time.Microsecond

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
		now = rt.Nanotime()
		at = dueAt(now, time.Until(t))
	}
	return fd.moveDeadlines(now, at, read, write)
}

// moveDeadlines sets deadlines to at, 0 for none.
func (fd *FD) moveDeadlines(now, at int64, read, write bool) error {
	fd.mu.Lock()
	if fd.closing != nil {
		fd.mu.Unlock()
		return fd.closing
	}
	readOver := read && fd.setSide(&fd.rd, now, at, fd.readTimer)
	writeOver := write && fd.setSide(&fd.wr, now, at, fd.writeTimer)
	fd.mu.Unlock()
	if readOver {
		fd.rd.evict()
	}
	if writeOver {
		fd.writeOver()
	}
	return nil
}

// dueAt is the time in d from now; never 0, which means no deadline.
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
	over = at != 0 && at <= now
	s.expired.Store(over)
	d := s.due
	if d == nil {
		if over || at == 0 {
			return over
		}
		d = &deadline{}
		s.due = d
	}
	d.at = at
	if over || at == 0 || d.fires != 0 && d.fires <= at+int64(timerSlack) {
		return over
	}
	d.fires = at
	fd.p.outside(func() {
		if d.timer == nil {
			d.timer = time.AfterFunc(time.Duration(at-now), fire)
		} else {
			d.timer.Reset(time.Duration(at - now))
		}
	})
	return false
}

// over is called by a side's timer. It reports whether the deadline is over; if it was
// moved, the timer is set again.
func (fd *FD) over(s *side) bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	d := s.due
	d.fires = 0
	if fd.closing != nil || d.at == 0 || s.expired.Load() {
		return false
	}
	if now := rt.Nanotime(); now < d.at {
		d.fires = d.at
		d.timer.Reset(time.Duration(d.at - now))
		return false
	}
	s.expired.Store(true)
	return true
}

func (fd *FD) readTimer() {
	if fd.over(&fd.rd) {
		fd.rd.evict()
	}
}

func (fd *FD) writeTimer() {
	if fd.over(&fd.wr) {
		fd.writeOver()
	}
}

// writeOver wakes a writer whose deadline is over, and ends a zero-copy send.
func (fd *FD) writeOver() {
	fd.wr.evict()
	fd.mu.Lock()
	d := fd.cancelZeroCopy()
	fd.mu.Unlock()
	d.kick()
}
