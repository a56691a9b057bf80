package store

import (
	"errors"
	"time"
)

// pause waits after a failed attempt to write, longer each time. false means
// that the store is being closed and has tried for long enough.
func (s *Store) pause(err error) bool {
	w := &s.w
	if isFull(err) {
		s.pokeKeeper()
	}
	if w.retry == 0 && errors.Is(err, errGone) {
		w.retry = s.opts.retryMin
		return true // a new file is all it takes
	}
	w.retry = min(max(2*w.retry, s.opts.retryMin), s.opts.retryMax)
	wait, closing := w.retry, s.closing
	if s.Err() != nil {
		left := time.Until(s.giveUp)
		if left <= 0 {
			return false
		}
		wait, closing = min(wait, left), nil
	}
	w.timer.Reset(wait)
	select {
	case <-w.timer.C:
	case <-closing:
	}
	w.timer.Stop()
	return true
}

// complain counts an error and logs it, unless one was logged less than a
// second ago.
func (s *Store) complain(doing, path string, err error) {
	s.stats.WriteErrors.Add(1)
	s.logMu.Lock()
	defer s.logMu.Unlock()
	now := time.Now()
	if now.Sub(s.logged) < time.Second {
		s.muted++
		return
	}
	s.opts.Logger.Error("log store: "+doing+" failed", "path", path, "err", err, "unlogged", s.muted)
	s.logged, s.muted = now, 0
}

// closeLast ends the last segment: after it all that was stored is durable.
func (s *Store) closeLast() {
	if g := s.w.seg; g != nil {
		if s.opts.Durability == None && g.blocks > 0 {
			if err := s.syncSegment(g); err != nil {
				s.complain("syncing a segment", g.path, err)
				s.closeErr = err
			}
		}
		s.finishSegment(s.closeErr == nil)
	}
	if err := s.stopSyncer(); err != nil && s.closeErr == nil {
		s.closeErr = err
	}
}
