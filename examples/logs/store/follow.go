package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
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
// all. What
// KeepFree and KeepSize ask for then waits.
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
	s    *Store
	at   Position
	path string
	file OpenFile
	r    *blockReader
	scan Scanner // for the batches seen, and decompression
}

// Follow makes a Follower that begins at a Position.
func (s *Store) Follow(from Position) *Follower {
	return &Follower{s: s, at: from, scan: Scanner{FS: s.opts.FS}}
}

// Position is behind the last batch that was delivered.
func (f *Follower) Position() Position { return f.at }

// Close lets go of the file that is being read.
func (f *Follower) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file, f.r = nil, nil
	return err
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
		delivered, err := f.read(limit, fn)
		if delivered || err != nil {
			return err
		}
	}
}

// read delivers a batch before limit. It returns false if there was none where it looked.
func (f *Follower) read(limit Position, fn func(Record) error) (delivered bool, err error) {
	if f.file == nil {
		if found, err := f.open(limit); !found {
			return false, err
		}
	}
	if f.at.Segment == limit.Segment {
		f.r.size = limit.Offset
	} else if info, err := f.file.Stat(); err != nil {
		return false, err
	} else if _, f.r.size, _, err = readIndex(f.file, info.Size()); err != nil {
		return false, err
	}
	skipped := f.r.skipped
	h, payload, err := f.r.next(nil)
	switch {
	case errors.Is(err, io.EOF):
		return false, f.endSegment(limit)
	case err != nil:
		return false, err
	}
	if f.scan.first(&h) {
		if payload, err = f.scan.plaintext(&h, payload); err == nil {
			err = deliver(&h, payload, fn)
		}
		var own *deliveryError
		if errors.As(err, &own) {
			f.scan.forget(&h)
			f.r.off = f.at.Offset
			return false, own.err
		}
		if err != nil {
			err = fmt.Errorf("%s: %w: %w", f.path, ErrDamaged, err)
		}
		delivered = err == nil
	}
	f.at.Offset = f.r.off
	if err == nil && f.r.skipped > skipped {
		err = fmt.Errorf("%s: %w: %d bytes were passed over", f.path, ErrDamaged, f.r.skipped-skipped)
	}
	return delivered, err
}

// open opens the segment of the position, or the next that there is.
func (f *Follower) open(limit Position) (found bool, err error) {
	paths, err := segments(f.s.opts.FS, f.s.opts.Dir)
	if err != nil {
		return false, err
	}
	for _, path := range paths {
		id, _ := parseSegmentPath(path)
		if id.seq < f.at.Segment {
			continue
		}
		file, err := f.s.opts.FS.Open(path, false)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		} else if err != nil {
			return false, err
		}
		if f.r, err = newBlockReader(file); err != nil {
			file.Close()
			return false, err
		}
		f.file, f.path = file, path
		wanted := f.at.Segment
		if id.seq > wanted {
			f.at = Position{Segment: id.seq}
		}
		f.at.Offset = max(f.at.Offset, headerSize)
		f.r.off, f.r.end = f.at.Offset, f.at.Offset
		if wanted > 0 && id.seq > wanted {
			err = fmt.Errorf("%s: %w: segments %d to %d", filepath.Base(path), ErrGap, wanted, id.seq-1)
		}
		return err == nil, err
	}
	f.at = limit // everything was removed, up to what is written now
	return false, nil
}

// endSegment is called when a segment has been read to its end, as far as it is stored.
func (f *Follower) endSegment(limit Position) error {
	if f.at.Segment < limit.Segment {
		f.at = Position{Segment: f.at.Segment + 1}
		return errors.Join(f.r.damage(f.path), f.Close())
	}
	early := f.at.before(limit)
	f.at = limit
	if early {
		return fmt.Errorf("%s: %w: it ends early", f.path, ErrDamaged)
	}
	return nil
}

// forget takes a batch back that was noted as seen.
func (s *Scanner) forget(h *blockHeader) { s.seen[lane{h.run, h.lane}].remove(h.seq) }
