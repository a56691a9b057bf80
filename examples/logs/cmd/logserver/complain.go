package main

import (
	"sync"
	"time"
)

// complaints keeps errors that come in floods from flooding the log.
type complaints struct {
	mu   sync.Mutex
	kept map[string]*complaint
}

// complaint is one sort of error.
type complaint struct {
	last    time.Time
	skipped int
}

// complain logs an error, of each sort one a second at most, with the number
// of those that were not logged.
func (s *server) complain(what string, err error) {
	c := &s.complained
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[string]*complaint{}
	}
	k := c.kept[what]
	if k == nil {
		k = new(complaint)
		c.kept[what] = k
	}
	if now := time.Now(); now.Sub(k.last) >= time.Second {
		s.log.Warn("logserver: "+what, "error", err, "unreported", k.skipped)
		k.last, k.skipped = now, 0
	} else {
		k.skipped++
	}
}
