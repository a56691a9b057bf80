package cli

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// maxKept is how many sorts of complaint are told apart. Sorts beyond that share
// one line a second.
const maxKept = 1024

// Complaints keep what comes in floods from flooding a log: of each sort one line
// a second at most, with the number of those that were left out. The methods may
// be called from several goroutines.
type Complaints struct {
	// Log gets the lines.
	Log *slog.Logger

	now   func() time.Time // nil: time.Now
	mu    sync.Mutex
	kept  map[string]*complaint
	swept time.Time // when forget has last looked
}

// complaint is one sort.
type complaint struct {
	last    time.Time
	skipped int
}

// Warn logs msg with attributes as slog has them. Lines with the same msg are of
// one sort.
func (c *Complaints) Warn(msg string, args ...any) { c.Say(slog.LevelWarn, msg, msg, args...) }

// Error is Warn at ERROR.
func (c *Complaints) Error(msg string, args ...any) { c.Say(slog.LevelError, msg, msg, args...) }

// Say logs a line of the given sort: of a message and a source, for instance.
func (c *Complaints) Say(level slog.Level, sort, msg string, args ...any) {
	skipped, ok := c.due(sort)
	if ok {
		c.Log.Log(context.Background(), level, msg, append(args, "unreported", skipped)...)
	}
}

// due reports whether a line of the sort may be logged now, and how many were
// not.
func (c *Complaints) due(sort string) (skipped int, ok bool) {
	now := time.Now()
	if c.now != nil {
		now = c.now()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.find(sort, now)
	if !k.last.IsZero() && now.Sub(k.last) < time.Second {
		k.skipped++
		return 0, false
	}
	skipped, k.last, k.skipped = k.skipped, now, 0
	return skipped, true
}

// find returns the state of a sort, within maxKept.
func (c *Complaints) find(sort string, now time.Time) *complaint {
	if c.kept == nil {
		c.kept = map[string]*complaint{}
	}
	k := c.kept[sort]
	if k == nil && len(c.kept) >= maxKept {
		c.forget(now)
		if len(c.kept) >= maxKept {
			sort = "" // all of them
			k = c.kept[sort]
		}
	}
	if k == nil {
		k = new(complaint)
		c.kept[sort] = k
	}
	return k
}

// forget drops the sorts that were silent for a second. It looks once a second.
func (c *Complaints) forget(now time.Time) {
	if now.Sub(c.swept) < time.Second {
		return
	}
	c.swept = now
	for sort, k := range c.kept {
		if now.Sub(k.last) >= time.Second {
			delete(c.kept, sort)
		}
	}
}
