package store

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// The keeper is the goroutine that removes old segments: when one has been finished,
// when there was no space, and from time to time.
type keeper struct {
	poke chan struct{} // has room for one; nil: everything is kept
	quit chan struct{}
	done sync.WaitGroup
}

// keepEvery is how often it looks without being asked.
const keepEvery = 30 * time.Second

func (s *Store) startKeeper() {
	if s.opts.KeepAge <= 0 && s.opts.KeepSize <= 0 && s.opts.KeepFree <= 0 {
		return
	}
	k := &s.keeper
	k.poke, k.quit = make(chan struct{}, 1), make(chan struct{})
	k.poke <- struct{}{}
	k.done.Go(func() {
		tick := time.NewTicker(keepEvery)
		defer tick.Stop()
		for {
			select {
			case <-k.poke:
			case <-tick.C:
			case <-k.quit:
				return
			}
			s.keep()
		}
	})
}

func (s *Store) stopKeeper() {
	if s.keeper.quit != nil {
		close(s.keeper.quit)
		s.keeper.done.Wait()
	}
}

// pokeKeeper has the keeper look soon.
func (s *Store) pokeKeeper() {
	select {
	case s.keeper.poke <- struct{}{}: // never of a nil channel
	default:
	}
}

// kept is a file that may be removed.
type kept struct {
	path string
	seq  uint64
	size int64
	last time.Time // when it was last written to

	created time.Time // as its name has it
	aside   bool      // set aside as damaged
}

// keep removes what is not to be kept.
func (s *Store) keep() {
	files, total, err := s.closedSegments()
	if err != nil {
		s.complain("listing segments", s.opts.Dir, err)
		return
	}
	now := s.opts.now()
	removed := false
	held := s.firstHeld()
	for _, f := range files {
		if f.seq >= held || !s.superfluous(f, total, now) {
			break // the rest is newer
		}
		if err := s.opts.FS.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.complain("removing a segment", f.path, err)
			return
		}
		total -= f.size
		removed = true
		s.stats.Removed.Add(1)
		s.opts.Logger.Info("log store: removed an old segment", "path", f.path, "bytes", f.size, "last-written", f.last)
	}
	if removed {
		if err := s.opts.FS.SyncDir(s.opts.Dir); err != nil {
			s.complain("syncing the directory", s.opts.Dir, err)
		}
	}
}

// closedSegments returns the segments but for the newest, which may be the one that is
// written, and what was set aside, oldest first; and the size of all together.
func (s *Store) closedSegments() (files []kept, total int64, err error) {
	all, total, err := s.segmentFiles()
	newest := uint64(0)
	for _, f := range all {
		if !f.aside {
			newest = max(newest, f.seq)
		}
	}
	return slices.DeleteFunc(all, func(f kept) bool { return !f.aside && f.seq == newest }), total, err
}

// segmentFiles returns the segments and what was set aside, oldest first, and the size
// of all together.
func (s *Store) segmentFiles() (files []kept, total int64, err error) {
	dir := s.opts.Dir
	names, err := s.opts.FS.List(dir)
	if err != nil {
		return nil, 0, err
	}
	for _, name := range names {
		id, aside, ok := parseFileName(name)
		if !ok {
			continue
		}
		path := filepath.Join(dir, name)
		info, err := s.opts.FS.Stat(path)
		if err != nil {
			continue // removed meanwhile
		}
		total += info.Size()
		files = append(files, kept{path, id.seq, info.Size(), info.ModTime(), id.created, aside})
	}
	slices.SortStableFunc(files, func(a, b kept) int { return int(int64(a.seq - b.seq)) })
	return files, total, nil
}

// superfluous reports whether the oldest file has to go, as long as there are total
// bytes.
func (s *Store) superfluous(f kept, total int64, now time.Time) bool {
	o := &s.opts
	if o.KeepAge > 0 && now.Sub(f.last) > o.KeepAge || o.KeepSize > 0 && total > o.KeepSize {
		return true
	}
	if o.KeepFree <= 0 {
		return false
	}
	free, err := o.FS.Free(o.Dir)
	return err == nil && free < uint64(o.KeepFree)
}
