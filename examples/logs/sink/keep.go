package sink

import (
	"context"
	"errors"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// keeper looks after the cursor, the lag and what is held, until the Sink is stopped.
func (s *Sink) keeper() {
	tick := time.NewTicker(s.opts.keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.finished:
			return
		case <-tick.C:
			s.keep()
		}
	}
}

// keep does all that is to be done from time to time.
func (s *Sink) keep() {
	if err := s.save(false); err != nil {
		s.counts.saveErrors.Add(1)
		s.log.Error("sink: the cursor cannot be written; what is sent meanwhile is sent again after a crash", "path", s.path, "error", err)
	}
	s.watch()
	extents, err := s.store.Extents()
	if err != nil {
		s.log.Error("sink: listing segments", "error", err)
		return
	}
	s.noteSizes(extents)
	s.passRemoved(extents)
	s.measure(extents)
	s.hold(extents)
}

// save writes the cursor if it has moved, after the dead letters that it passes over.
func (s *Sink) save(clean bool) error {
	s.mu.Lock()
	at := s.at
	err := s.dead.sync()
	s.mu.Unlock()
	if err != nil {
		s.rewind(err)
		return err
	}
	if at.Position == s.saved.Position && clean == s.saved.Clean && s.saved.Version != 0 {
		return nil
	}
	at.Version, at.Sink, at.Saved, at.Clean = cursorVersion, s.Name(), time.Now().UTC(), clean
	if err := at.save(s.maker(), s.path); err != nil {
		return err
	}
	s.saved = at
	return nil
}

// rewind ends the session and goes back to what is on disk: what was refused since is
// not certain to be in the dead letters.
func (s *Sink) rewind(err error) {
	s.mu.Lock()
	a := s.current
	s.mu.Unlock()
	if a != nil {
		a.ledger.close() // nothing is committed behind this
	}
	s.mu.Lock()
	s.at = s.saved
	if a != nil {
		a.rewind = true
	}
	s.mu.Unlock()
	if a != nil {
		a.fail(err)
	}
}

// watch ends a session whose target acknowledges nothing, or says so if the session goes
// on by itself.
func (s *Sink) watch() {
	s.mu.Lock()
	a := s.current
	s.mu.Unlock()
	if a == nil {
		return
	}
	n, since, _ := a.ledger.outstanding()
	slow := n > 0 && time.Since(since) > s.opts.ackTimeout
	switch {
	case slow && !a.link.patient():
		a.fail(errSilent)
	case slow && !a.slow:
		s.counts.connected.Store(0)
		s.log.Warn("sink: "+errSilent.Error(), "outstanding", n)
	case !slow && a.slow:
		s.counts.connected.Store(1)
		s.log.Info("sink: the target acknowledges again")
	}
	a.slow = slow
}

// noteSizes keeps the sizes of segments that are not committed, to know what is lost when
// they are removed.
func (s *Sink) noteSizes(extents []store.Extent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.sizes {
		if n < s.at.Segment {
			delete(s.sizes, n)
		}
	}
	for _, e := range extents {
		if e.Segment >= s.at.Segment {
			s.sizes[e.Segment] = e.Size
		}
	}
}

// passRemoved goes on at the oldest segment when those before it were removed and there
// is no session that still reads them.
func (s *Sink) passRemoved(extents []store.Extent) {
	s.mu.Lock()
	from := s.at.Position
	if s.current != nil || len(extents) == 0 || extents[0].Segment <= from.Segment {
		s.mu.Unlock()
		return
	}
	to := store.Position{Segment: extents[0].Segment}
	s.at.Position, s.at.Run = to, 0
	s.mu.Unlock()
	s.lost(from, to)
}

// lost counts and says that what is between two positions was removed.
func (s *Sink) lost(from, to store.Position) {
	bytes, segments := int64(0), uint64(0)
	s.mu.Lock()
	for n := from.Segment; n < to.Segment; n++ {
		size, known := s.sizes[n]
		if n == from.Segment {
			size -= from.Offset
		}
		if size > 0 || !known {
			bytes += max(size, 0)
			segments++
		}
	}
	s.mu.Unlock()
	if segments == 0 {
		return // all of it was sent
	}
	s.counts.lostSegments.Add(segments)
	s.counts.lostBytes.Add(uint64(bytes))
	s.log.Error("sink: LOST for the target: segments were removed before all they have was sent",
		"first", from.Segment, "last", to.Segment-1, "segments", segments, "bytes", bytes)
}

// damage counts and says what a Follower could not deliver between two positions.
func (s *Sink) damage(from, to store.Position, err error) {
	if errors.Is(err, store.ErrGap) {
		s.lost(from, to)
	}
	if errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrTorn) {
		s.counts.damaged.Add(1)
		s.log.Error("sink: something stored cannot be read, and is not sent", "error", err)
	}
}

// hold has retention wait, within the bounds of the configuration.
func (s *Sink) hold(extents []store.Extent) {
	if s.opts.NoHold {
		return
	}
	first := s.saved.Segment
	lag := s.counts.lagBytes.Load()
	for _, e := range extents[:max(len(extents)-1, 0)] {
		if e.Segment < first {
			continue
		}
		tooMuch := s.opts.HoldBytes > 0 && lag > s.opts.HoldBytes
		tooOld := s.opts.HoldAge > 0 && time.Since(e.Last) > s.opts.HoldAge
		if !tooMuch && !tooOld {
			break
		}
		if first++; first > s.grip {
			s.counts.letGo.Add(1)
			s.log.Error("sink: a segment is no longer held for the target; it is lost for it if retention removes it first",
				"segment", e.Segment, "bytes_behind", lag, "hold-bytes", s.opts.HoldBytes, "hold-age", s.opts.HoldAge)
		}
		lag -= e.Size
	}
	s.grip = max(s.grip, first)
	s.store.Hold(s.Name(), first)
}

// measure finds out how far the target is behind.
func (s *Sink) measure(extents []store.Extent) {
	stored, at := s.store.Stored(), s.committed()
	bytes := int64(0)
	for _, e := range extents {
		switch {
		case e.Segment == at.Segment && e.Segment == stored.Segment:
			bytes += max(stored.Offset-max(at.Offset, firstOffset), 0)
		case e.Segment == at.Segment:
			bytes += max(e.Size-max(at.Offset, firstOffset), 0)
		case e.Segment > at.Segment && e.Segment <= stored.Segment:
			bytes += max(e.Size-firstOffset, 0)
		}
	}
	s.counts.lagBytes.Store(bytes)
	s.mu.Lock()
	a := s.current
	s.mu.Unlock()
	oldest := int64(0)
	if a != nil {
		_, _, oldest = a.ledger.outstanding()
	}
	if oldest == 0 && bytes > 0 {
		oldest = s.peek(at)
	}
	s.counts.oldest.Store(oldest)
}

// firstOffset is where a segment's first batch begins: behind its header.
const firstOffset = 64

// errPeeked ends a look at a record.
var errPeeked = errors.New("seen")

// peek returns when the first record after a position came, in Unix nanoseconds; 0: that
// is not known.
func (s *Sink) peek(at store.Position) (received int64) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // it is not to wait
	f := s.store.Follow(at)
	defer f.Close()
	for range 100 { // damages
		err := f.Next(ctx, func(r store.Record) error {
			received = r.Received
			return errPeeked
		})
		if !isDamage(err) {
			break
		}
	}
	return received
}
