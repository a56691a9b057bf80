package intake

import (
	"sync"
	"time"
)

// waits measures for how long at least one waits for the store.
type waits struct {
	mu    sync.Mutex
	n     int       // how many wait now
	since time.Time // when the first of them began
	total time.Duration
}

// begin says that one waits.
func (w *waits) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n++; w.n == 1 {
		w.since = time.Now()
	}
}

// end says that one goes on.
func (w *waits) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n--; w.n == 0 {
		w.total += time.Since(w.since)
	}
}

// time returns for how long at least one has waited, until now.
func (w *waits) time() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n > 0 {
		return w.total + time.Since(w.since)
	}
	return w.total
}

// stalled says that the store holds a sender back.
func (s *Server) stalled() {
	s.stats.Paused.Add(1)
	s.waits.begin()
}

// unstalled ends stalled.
func (s *Server) unstalled() {
	s.stats.Paused.Add(-1)
	s.waits.end()
}

// PausedTime returns for how long the store has held back at least one connection or
// socket since the Server was made.
func (s *Server) PausedTime() time.Duration { return s.waits.time() }
