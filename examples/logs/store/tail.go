package store

import (
	"errors"
	"io/fs"
)

// A Tail reads the batches of a directory that another process may be writing, in the
// order of the segments, each once. What it delivers may not be durable yet, and a batch
// that the disk fails to take may come before it is stored. A Follower is for the process
// that writes. It is not for use by several goroutines.
type Tail struct {
	walk
	limit Position // the newest segment when last looked
}

// Tail makes a Tail that begins at a Position of a directory. Batches that the Scanner has
// delivered are not delivered again, and its Since and Until hold.
func (s *Scanner) Tail(dir string, from Position) *Tail {
	return &Tail{walk: walk{fsys: s.disk(), dir: dir, at: from, scan: s}}
}

// Next delivers the next batch. It returns false if there is none yet; fn's error, and
// delivers the batch again with the next call then, unless the error is Each's own;
// ErrDamaged, ErrTorn or ErrGap, wrapped, if something could not be delivered, and goes on
// behind it with the next call. Other errors are of the disk.
func (t *Tail) Next(fn func(*Batch) error) (found bool, err error) {
	for looked := false; ; {
		before := t.at
		if t.limit.Segment > 0 {
			if delivered, err := t.read(t.limit, fn); delivered || err != nil {
				return delivered, err
			}
		}
		if t.limit.Segment > 0 && t.at != before {
			continue // in the next segment, or behind what is not asked for
		}
		if looked {
			return false, nil
		}
		if err := t.look(); err != nil {
			return false, err
		}
		looked = true
	}
}

// look finds out which segment is the newest. A segment that was removed without ever
// having had a block may be followed by one of the same number.
func (t *Tail) look() error {
	paths, err := segments(t.fsys, t.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // not made yet
	}
	if err != nil || len(paths) == 0 {
		return err
	}
	id, _ := parseSegmentPath(paths[len(paths)-1])
	t.limit = Position{id.seq, growing}
	if t.file == nil {
		return nil
	}
	for _, path := range paths {
		if id, _ := parseSegmentPath(path); id.seq == t.at.Segment && path != t.path {
			t.at.Offset = 0
			return t.Close()
		}
	}
	return nil
}
