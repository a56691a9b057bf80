package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// allocateStep is how much space is reserved ahead of what is written.
const allocateStep = 16 << 20

var errGone = errors.New("the segment was removed while being written")

// A segment is the file being written.
type segment struct {
	file      File
	path      string
	seq       uint64
	info      fs.FileInfo // to find out whether path is still this file; or nil
	born      time.Time   // when the first block was stored
	size      int64       // where the last block ends that was stored
	allocated int64       // up to where space is reserved
	blocks    int         // that were stored
	index     Index       // of what was stored

	entered  bool        // the directory entry is durable
	unsynced atomic.Bool // a sync failed: what was written may be lost
}

// wrote counts blocks that were stored.
func (g *segment) wrote(n int64, group []*batch, now time.Time) {
	if g.blocks == 0 {
		g.born = now
	}
	g.size += n
	g.blocks += len(group)
	for _, b := range group {
		g.index.add(b.indexed())
	}
}

// linked reports whether a segment is where it was made, as far as that can be known.
func (s *Store) linked(g *segment) bool {
	if g.info == nil {
		return true
	}
	info, err := s.opts.FS.Stat(g.path)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return s.opts.FS.Same(info, g.info)
}

// A segmentID is what the name of a segment says: when it was made, by a clock that may
// be wrong, and a number that grows, by which segments are in order.
type segmentID struct {
	created time.Time
	seq     uint64
}

const (
	segmentTime   = "20060102T150405.000000000"
	segmentSuffix = ".seg"
)

func (id segmentID) name() string {
	return fmt.Sprintf("%s-%08d%s", id.created.UTC().Format(segmentTime), id.seq, segmentSuffix)
}

// parseSegmentName is the inverse of name.
func parseSegmentName(name string) (id segmentID, ok bool) {
	base, isSegment := strings.CutSuffix(name, segmentSuffix)
	created, seq, isPair := strings.Cut(base, "-")
	if !isSegment || !isPair {
		return id, false
	}
	var err1, err2 error
	id.created, err1 = time.Parse(segmentTime, created)
	id.seq, err2 = strconv.ParseUint(seq, 10, 64)
	return id, err1 == nil && err2 == nil
}

// newSegment makes the segment that is written next.
func (s *Store) newSegment() error {
	w := &s.w
	id := segmentID{created: s.opts.now(), seq: w.last + 1}
	g := &segment{path: filepath.Join(s.opts.Dir, id.name()), seq: id.seq}
	if err := s.createSegment(g); err != nil {
		return err
	}
	w.last = id.seq
	h := segmentHeader{run: s.run, seq: id.seq, created: id.created.UnixNano()}
	var buf [headerSize]byte
	h.put(&buf)
	if _, err := writeFull(g.file.WriteAt, buf[:], 0); err != nil {
		w.seg = g
		s.finishSegment(false)
		return err
	}
	g.size = headerSize
	g.info, _ = s.opts.FS.Stat(g.path)
	w.seg = g
	if w.made++; w.made > 1 {
		s.stats.Rotations.Add(1)
	}
	return nil
}

// createSegment makes the file of a segment, and its directory if that was removed too.
func (s *Store) createSegment(g *segment) (err error) {
	g.file, err = s.opts.FS.Create(g.path, s.opts.FileMode)
	if errors.Is(err, fs.ErrNotExist) {
		if err = s.makeDir(); err == nil {
			g.file, err = s.opts.FS.Create(g.path, s.opts.FileMode)
		}
	}
	if err != nil || s.opts.Gid <= 0 {
		return err
	}
	if err = s.opts.FS.Chown(g.path, s.opts.Gid); err != nil {
		g.file.Close()
		_ = s.opts.FS.Remove(g.path)
	}
	return err
}

// segmentFor returns the segment that b goes to.
func (s *Store) segmentFor(b *batch) (*segment, error) {
	w := &s.w
	n := int64(b.size())
	if g := w.seg; g != nil {
		if g.unsynced.Load() || g.blocks > 0 && g.size+n > s.opts.SegmentSize {
			s.finishSegment(!g.unsynced.Load())
		} else if now := time.Now(); s.opts.Durability != Group && now.Sub(w.checked) >= time.Second {
			// Under Group this is looked at before each acknowledgement.
			w.checked = now
			if !s.linked(g) {
				return nil, errGone
			}
		}
	}
	if w.seg == nil {
		if err := s.newSegment(); err != nil {
			return nil, err
		}
	}
	s.allocate(w.seg, n)
	return w.seg, nil
}

// allocate reserves space for n more bytes, some steps ahead. That makes syncs
// cheaper; without them the file system allocates better by itself, later.
func (s *Store) allocate(g *segment, n int64) {
	if s.opts.Durability != Group {
		return
	}
	for g.size+n > g.allocated && g.allocated < s.opts.SegmentSize {
		step := min(allocateStep, s.opts.SegmentSize-g.allocated)
		g.file.Allocate(g.allocated, step) // what it cannot reserve, it may write
		g.allocated += step
	}
}

// rotateIfOld ends a segment that is old enough, if it has anything.
func (s *Store) rotateIfOld() {
	if g := s.w.seg; g != nil && g.blocks > 0 && s.opts.now().Sub(g.born) >= s.opts.SegmentAge {
		s.finishSegment(true)
	}
}

// finishSegment ends a segment; with whole, nothing of it has failed.
func (s *Store) finishSegment(whole bool) {
	g := s.w.seg
	s.w.seg = nil
	err := g.file.Truncate(g.size) // gives back reserved space
	if err != nil {
		s.complain("cutting a segment", g.path, err)
	}
	if g.blocks == 0 {
		s.discard(g)
		return
	}
	if whole && err == nil {
		s.writeIndex(g)
	}
	if s.opts.Durability == Interval && !g.unsynced.Load() {
		s.syncer.hand(syncJob{seg: g, last: true})
		return
	}
	s.closeSegment(g)
	s.pokeKeeper()
}

// failed gives up a segment after an error, cut back to what was stored.
func (s *Store) failed(err error) {
	g := s.w.seg
	if g == nil {
		s.complain("making a segment", s.opts.Dir, err)
		return
	}
	s.complain("writing a segment", g.path, err)
	s.finishSegment(false)
}

// discard closes and removes a segment that has nothing.
func (s *Store) discard(g *segment) {
	g.file.Close()
	if !s.linked(g) {
		return
	}
	if err := s.opts.FS.Remove(g.path); err != nil {
		s.complain("removing an empty segment", g.path, err)
		return
	}
	if s.w.last == g.seq {
		s.w.last-- // so that numbers have no gap
	}
}

// closeSegment closes a segment that has been synced if it should be.
func (s *Store) closeSegment(g *segment) {
	if err := g.file.Close(); err != nil {
		s.complain("closing a segment", g.path, err)
	}
}

// writeFull writes all of b, whatever a write at a time takes.
func writeFull(write func(b []byte, off int64) (int, error), b []byte, off int64) (int, error) {
	done := 0
	for {
		n, err := write(b[done:], off+int64(done))
		done += n
		switch {
		case done == len(b) && err == nil:
			return done, nil
		case n > 0 && done < len(b) && (err == nil || errors.Is(err, io.ErrShortWrite)):
			// Go on behind what was written.
		case err == nil:
			return done, io.ErrNoProgress
		default:
			return done, err
		}
	}
}
