package main

import (
	"context"
	"maps"
	"slices"
	"time"
)

// quiet is for how long a connection has to be silent at shutdown to have sent
// all that it was sending.
const quiet = 200 * time.Millisecond

// enter adds a connection to those being served; false if the server stops.
func (s *server) enter(c connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.conns[c] = false
	return true
}

// leave takes a connection out again, once it is done with.
func (s *server) leave(c connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, entered := s.conns[c]; !entered {
		return // it came when the server stopped
	}
	delete(s.conns, c)
	if s.draining && len(s.conns) == 0 {
		close(s.drained)
	}
}

// watchIdle closes connections that are silent for longer than -idle. The engine's
// idle timeout would do for most, but it cannot tell a client that is silent from
// one whose goroutine waits for the store.
func (s *server) watchIdle(ctx context.Context) {
	tick := time.NewTicker(max(min(s.cfg.idle/4, time.Second), time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.finishSilent(s.cfg.idle)
		}
	}
}

// watchLines ends connections whose message is unfinished for -line-timeout.
func (s *server) watchLines(ctx context.Context) {
	tick := time.NewTicker(max(min(s.cfg.lineTimeout/4, 5*time.Second), time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.intake.ExpireUnfinished(now)
		}
	}
}

// finishSilent finishes the connections silent for at least that long.
func (s *server) finishSilent(atLeast time.Duration) {
	now := time.Now()
	var silent []connection
	s.mu.Lock()
	for c, finished := range s.conns {
		if !finished && c.silent(now) >= atLeast {
			s.conns[c] = true
			silent = append(silent, c)
		}
	}
	s.mu.Unlock()
	for _, c := range silent {
		s.idleClosed.Add(1)
		c.finish()
	}
}

// closeConns closes every connection at once.
func (s *server) closeConns() {
	s.mu.Lock()
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
	}
}

// drain lets the connections end. They are read until all have been quiet for a
// while, for half the grace at most; the other half is for storing and
// acknowledging what came. If the store cannot take it, connections are closed
// after five eighths of the grace: the store tries for an eighth more, and an
// eighth each is for connections to end before and after.
func (s *server) drain() {
	began := time.Now()
	s.watching.Store(true)
	s.mu.Lock()
	s.draining = true
	s.limits.lift()
	for c := range s.conns {
		c.begin(began)
		c.hurry()
	}
	if len(s.conns) == 0 {
		close(s.drained)
	}
	s.mu.Unlock()
	s.awaitQuiet(min(quiet, s.cfg.grace/4), s.cfg.grace/2)
	ctx, cancel := context.WithDeadline(context.Background(), began.Add(s.cfg.grace))
	defer cancel()
	defer time.AfterFunc(time.Until(began.Add(s.cfg.grace*5/8)), func() {
		if s.stats.Paused.Load() > 0 || s.stats.QueueBatches.Load() > 0 {
			cancel() // the disk is full, or fails: waiting does not help
		}
	}).Stop()
	if err := s.intake.Shutdown(ctx); err != nil {
		s.log.Warn("logserver: connections did not end in time", "error", err)
	}
	s.closeConns() // those that have not begun yet: TLS handshakes
	s.awaitDrained()
}

// awaitQuiet waits until all connections are silent for atLeast, or patience
// has run out.
func (s *server) awaitQuiet(atLeast, patience time.Duration) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for !s.silent(atLeast) {
		select {
		case <-s.drained:
			return
		case <-timeout:
			return
		case <-tick.C:
		}
	}
}

// silent reports whether all connections are silent for at least that long.
func (s *server) silent(atLeast time.Duration) bool {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.silent(now) < atLeast {
			return false
		}
	}
	return true
}

// awaitDrained waits until all connections are done with, a second at most and an
// eighth of the grace.
func (s *server) awaitDrained() {
	select {
	case <-s.drained:
	case <-time.After(min(time.Second, s.cfg.grace/8)):
	}
}
