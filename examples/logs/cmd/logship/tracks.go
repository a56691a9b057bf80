package main

import (
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"
)

// track is one file and up to where it is shipped. Its fields belong to the lock
// of its tracks.
type track struct {
	pos     position
	end     int64 // up to where its lines were passed on
	waiting int   // lines that are not shipped
	closed  bool  // it will not be read any more
	matched bool  // a pattern still finds it
	saved   bool  // it was done when it was saved
	last    line  // shipped last; none: pos is as it was loaded
}

// tracks are those of all files. The reader begins and closes them, the shipper
// moves them on, and keep saves them.
type tracks struct {
	mu    sync.Mutex
	list  []*track // for each path the oldest first
	moved bool     // since they were taken to be saved
}

// newTracks makes tracks of what was saved.
func newTracks(s *state) *tracks {
	t := new(tracks)
	if s == nil {
		return t
	}
	for _, p := range s.Files {
		t.list = append(t.list, &track{pos: p, end: p.Offset, closed: p.Done, saved: p.Done})
	}
	t.reopenNewest()
	return t
}

// reopenNewest has every path have a file to go on with.
func (t *tracks) reopenNewest() {
	newest := map[string]*track{}
	for _, k := range t.list {
		if n := newest[k.pos.Path]; n == nil || !k.closed || n.closed {
			newest[k.pos.Path] = k
		}
	}
	for _, k := range newest {
		k.closed, k.pos.Done = false, false
	}
}

// begin makes the track of a file that will be read from an offset on.
func (t *tracks) begin(path string, id identity, offset int64, asOf time.Time) *track {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := &track{pos: position{identity: id, Path: path, Offset: offset, AsOf: asOf}, end: offset}
	t.list, t.moved = append(t.list, k), true
	return k
}

// learn notes more of how a file begins.
func (t *tracks) learn(k *track, id identity) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k.pos.identity = id
}

// seen notes that a file was under its path when it had been written to last at
// that time.
func (t *tracks) seen(k *track, asOf time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !k.pos.AsOf.Equal(asOf) {
		k.pos.AsOf, t.moved = asOf, true
	}
}

// paths returns the paths of all tracks that are to be read on.
func (t *tracks) paths() (paths []string) {
	for _, k := range t.filter(func(k *track) bool { return !k.closed }) {
		paths = append(paths, k.pos.Path)
	}
	return paths
}

// close notes that a file will not be read any more.
func (t *tracks) close(k *track) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k.closed, t.moved = true, true
}

// forget drops what is known of a path.
func (t *tracks) forget(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = slices.DeleteFunc(t.list, func(k *track) bool { return k.pos.Path == path })
	t.moved = true
}

// pushed notes lines that wait to be shipped.
func (t *tracks) pushed(b batch) {
	if b.track == nil || len(b.lines) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b.track.waiting += len(b.lines)
	b.track.end = b.lines[len(b.lines)-1].end
}

// shipped notes that the oldest lines that wait are shipped.
func (t *tracks) shipped(entries []entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range entries {
		if k := entries[i].track; k != nil {
			k.pos.Offset, k.last = entries[i].end, entries[i].line
			k.waiting--
			t.moved = true
		}
	}
}

// open returns the tracks of a path that are to be read on.
func (t *tracks) open(path string) []*track {
	return t.filter(func(k *track) bool { return k.pos.Path == path && !k.closed })
}

func (t *tracks) filter(keep func(*track) bool) (found []*track) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range t.list {
		if keep(k) {
			found = append(found, k)
		}
	}
	return found
}

// position returns the position of a track, and up to where it was passed on.
func (t *tracks) position(k *track) (position, int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return k.position(), k.end
}

// position completes pos by what was shipped last.
func (k *track) position() position {
	p := k.pos
	if k.last.msg != nil {
		n := min(k.last.raw, lastSize)
		p.Last, p.LastSize, p.Trail = fingerprint(k.last.msg[len(k.last.msg)-n:]), n, k.last.trail
	}
	p.Done = k.closed && k.waiting == 0
	return p
}

// like returns how much a file is that of any track of a path, of any path if it
// is "", and which track that is.
func (t *tracks) like(path string, f *os.File, info fs.FileInfo) (best likeness, of *track, err error) {
	device, inode := inode(info)
	for _, k := range t.filter(func(k *track) bool { return path == "" || k.pos.Path == path }) {
		p, _ := t.position(k)
		l, err := p.judge(device, inode, info.Size(), f)
		if err != nil {
			return other, nil, err
		}
		if l > best {
			best, of = l, k
		}
	}
	return best, of, nil
}

// remember is how many files of each path are known that were read to their end;
// those that a pattern finds are known beside them.
const remember = 8

// snapshot returns all positions. ok is false if none has moved since the last.
func (t *tracks) snapshot() (files []position, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.moved {
		return nil, false
	}
	t.moved = false
	t.prune()
	for _, k := range t.list {
		files = append(files, k.position())
	}
	return files, true
}

// prune drops those that were read to their end long ago. The lock is held.
func (t *tracks) prune() {
	done := map[string]int{}
	for i := len(t.list) - 1; i >= 0; i-- {
		k := t.list[i]
		if !k.closed || k.waiting > 0 || k.matched {
			continue
		}
		if done[k.pos.Path]++; done[k.pos.Path] > remember {
			t.list = slices.Delete(t.list, i, i+1)
		}
	}
}

// unsaved has the positions come again: they could not be saved.
func (t *tracks) unsaved() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.moved = true
}

// isKnown reports whether a file is that of another path's track, which then is
// kept while a pattern finds it.
func (t *tracks) isKnown(path string, f *os.File, info fs.FileInfo) bool {
	l, k, err := t.like("", f, info)
	if err != nil || l != same {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if k.pos.Path == path {
		return false
	}
	k.matched = true
	return true
}
