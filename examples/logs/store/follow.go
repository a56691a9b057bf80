package store

import (
	"context"
	"sync"
)

// A Position is a place between two batches of a directory: behind what comes before
// Offset in the segment of that number. The zero Position is before everything.
type Position struct {
	Segment uint64 `json:"segment"`
	Offset  int64  `json:"offset"` // in bytes
}

// before reports whether p comes before q.
func (p Position) before(q Position) bool {
	return p.Segment < q.Segment || p.Segment == q.Segment && p.Offset < q.Offset
}

// progress is how far the store is: what followers may read.
type progress struct {
	mu    sync.Mutex
	at    Position      // guarded by mu: behind the last batch that is stored as it should be
	moved chan struct{} // guarded by mu: closed when at moves; nil: nobody waits
	held  map[string]uint64
}

// advance says that a segment is stored up to off.
func (p *progress) advance(segment uint64, off int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = Position{segment, off}
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// now returns how far the store is, and what is closed when it has moved.
func (p *progress) now() (Position, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved == nil {
		p.moved = make(chan struct{})
	}
	return p.at, p.moved
}

// Stored is how far the store is: behind the last batch that is as durable as asked for.
func (s *Store) Stored() Position {
	at, _ := s.progress.now()
	return at
}

// Hold keeps retention from removing the segment of that number and those after it,
// until it is called again with the same name; a number that no segment has lets go of
// all. What KeepFree and KeepSize ask for then waits.
func (s *Store) Hold(name string, segment uint64) {
	s.progress.mu.Lock()
	if s.progress.held == nil {
		s.progress.held = map[string]uint64{}
	}
	s.progress.held[name] = segment
	s.progress.mu.Unlock()
	s.pokeKeeper()
}

// firstHeld is the number of the first segment that is held.
func (s *Store) firstHeld() uint64 {
	s.progress.mu.Lock()
	defer s.progress.mu.Unlock()
	first := ^uint64(0)
	for _, n := range s.progress.held {
		first = min(first, n)
	}
	return first
}

// A Follower reads what a store has stored and stores, in the order of the segments. It
// delivers what is as durable as the store was asked for, and no batch twice, unless it
// is made again at an earlier Position. It is not for use by several goroutines.
type Follower struct {
	walk
	s *Store
}

// Follow makes a Follower that begins at a Position.
func (s *Store) Follow(from Position) *Follower {
	return &Follower{walk{fsys: s.opts.FS, dir: s.opts.Dir, at: from, scan: &Scanner{FS: s.opts.FS}}, s}
}

// Next delivers the next batch, record by record, waiting for it. It returns fn's error,
// and delivers the batch again with the next call then; ctx's, if that ends first;
// ErrDamaged, ErrTorn or ErrGap, wrapped, if something could not be delivered, and goes on behind
// it with the next call. Other errors are of the disk.
func (f *Follower) Next(ctx context.Context, fn func(Record) error) error {
	for {
		limit, moved := f.s.progress.now()
		if !f.at.before(limit) {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-moved:
				continue
			}
		}
		delivered, err := f.read(limit, func(b *Batch) error { return b.Each(fn) })
		if delivered || err != nil {
			return err
		}
	}
}
