package store

import (
	"sync"
	"sync/atomic"
	"time"
)

// health is what others may know of how writing goes.
type health struct {
	synced atomic.Int64  // when a sync succeeded last, in Unix nanoseconds
	steps  atomic.Uint64 // how often the writer has begun something

	mu  sync.Mutex
	err error // why the last attempt to write has failed; nil: it has not
}

// failing notes how the last attempt to write has ended.
func (h *health) failing(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

// countSync counts a sync that succeeded.
func (s *Store) countSync() {
	s.stats.Syncs.Add(1)
	s.health.synced.Store(time.Now().UnixNano())
}

// Failing returns why the last attempt to write has failed, which is repeated until
// it succeeds; nil if it has not failed.
func (s *Store) Failing() error {
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	return s.health.err
}

// LastSync returns when a sync has succeeded last; the zero Time: never.
func (s *Store) LastSync() time.Time {
	if ns := s.health.synced.Load(); ns != 0 {
		return time.Unix(0, ns)
	}
	return time.Time{}
}

// Steps returns a number that grows whenever the writer begins something, failed
// attempts too, and whether it has nothing to do. A writer that is not idle and whose
// number stays is held up by the kernel, or by a fault of the program.
func (s *Store) Steps() (n uint64, idle bool) {
	return s.health.steps.Load(), s.w.state.Load() != awake
}

// Usage is what a store takes up.
type Usage struct {
	Bytes    int64     // of all segments, those set aside too
	Segments int       // how many
	Free     uint64    // bytes that can still be written to the file system
	Oldest   time.Time // when the oldest segment was begun; zero: there is none
}

// Usage looks at the directory.
func (s *Store) Usage() (u Usage, err error) {
	files, total, err := s.segmentFiles()
	if err != nil {
		return u, err
	}
	u.Bytes, u.Segments = total, len(files)
	if len(files) > 0 {
		u.Oldest = files[0].created
	}
	u.Free, err = s.opts.FS.Free(s.opts.Dir)
	return u, err
}
