package store

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// recover puts the segments in order that a crash may have left half written,
// and returns the name of the newest. Only what is newest can be: it looks
// backwards as far as something has to be done.
func (s *Store) recover() (last segmentID, err error) {
	paths, err := Segments(s.opts.Dir)
	if err != nil {
		return last, err
	}
	if n := len(paths); n > 0 {
		last, _ = parseSegmentPath(paths[n-1])
	}
	for i := len(paths) - 1; i >= 0; i-- {
		whole, err := s.recoverSegment(paths[i])
		if err != nil {
			return last, fmt.Errorf("recovering %s: %w", paths[i], err)
		}
		if whole {
			break
		}
	}
	return last, nil
}

// damagedSuffix ends the names of segments that were put aside.
const damagedSuffix = ".damaged"

// hasData reports whether there is anything behind a segment's header but space
// that was reserved, which reads as zeros.
func hasData(f *os.File) (bool, error) {
	r := io.NewSectionReader(f, headerSize, math.MaxInt64-headerSize)
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		for _, c := range buf[:n] {
			if c != 0 {
				return true, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
}

// recoverSegment cuts what follows a segment's last whole block. A segment that
// has none is put aside, or removed if it is empty. It reports whether there was nothing to do.
func (s *Store) recoverSegment(path string) (whole bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	r, err := newBlockReader(f)
	if err != nil {
		return false, err
	}
	for err == nil {
		_, _, err = r.next(nil)
	}
	if !errors.Is(err, io.EOF) {
		return false, err
	}
	if r.skipped > 0 {
		s.opts.Logger.Warn("log store: a segment is damaged", "path", path, "bytes", r.skipped)
	}
	switch {
	case r.blocks == 0 && !r.known && r.size > headerSize:
		// Not a segment, or one whose beginning is lost: leave it alone.
		s.opts.Logger.Warn("log store: there is no block in a segment", "path", path)
		return false, nil
	case r.blocks == 0:
		if data, err := hasData(f); err != nil {
			return false, err
		} else if data {
			// A crash during the first write, or blocks that were stored and are
			// damaged since: nothing tells which, and somebody may want to look.
			s.opts.Logger.Error("log store: no block of a segment can be read, it is put aside",
				"path", path, "as", path+damagedSuffix)
			return false, errors.Join(f.Close(), os.Rename(path, path+damagedSuffix))
		}
		return false, errors.Join(f.Close(), os.Remove(path))
	case r.end == r.size:
		return true, nil
	}
	s.opts.Logger.Info("log store: cutting what was not written whole",
		"path", path, "bytes", r.size-r.end)
	if err := f.Truncate(r.end); err != nil {
		return false, err
	}
	return false, f.Sync()
}
