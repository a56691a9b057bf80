package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// A walk reads the batches of a directory in the order of its segments, each once, up to
// a limit: what a Follower and a Tail have in common.
type walk struct {
	fsys FS
	dir  string
	at   Position
	path string
	file OpenFile
	r    *blockReader
	size extent   // up to where r may read, as last measured
	scan *Scanner // for the batches seen, and decompression
}

// extent is what is known of an open segment's end.
type extent uint8

const (
	unmeasured extent = iota
	partly            // it may have grown since
	whole             // no more is written to it
)

// growing is the Offset of a limit in a segment that is read as far as its blocks are
// whole, and is expected to grow.
const growing = -1

// Position is behind the last batch that was delivered.
func (w *walk) Position() Position { return w.at }

// Close lets go of the file that is being read.
func (w *walk) Close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file, w.r = nil, nil
	return err
}

// read delivers a batch before limit. It returns false if there was none where it looked:
// at the limit, or where a segment ends before it.
func (w *walk) read(limit Position, fn func(*Batch) error) (delivered bool, err error) {
	if w.file == nil {
		if found, err := w.open(limit); !found {
			return false, err
		}
	}
	if err := w.measure(limit); err != nil {
		return false, err
	}
	skipped := w.r.skipped
	h, payload, err := w.r.next(w.scan.outside)
	switch {
	case errors.Is(err, io.EOF):
		return false, w.endSegment(limit)
	case err != nil:
		return false, err
	}
	if payload != nil && w.scan.first(&h) {
		var own bool
		own, err = w.scan.batch(w.path, segmentID{seq: w.at.Segment}, &h, w.r.off, payload).give(fn)
		if own {
			w.scan.forget(&h)
			w.r.off = w.at.Offset
			return false, err
		}
		delivered = err == nil
	}
	w.at.Offset = w.r.off
	if err == nil && w.r.skipped > skipped {
		err = fmt.Errorf("%s: %w: %d bytes were passed over", w.path, ErrDamaged, w.r.skipped-skipped)
	}
	return delivered, err
}

// measure finds out up to where the open segment may be read: to a limit in it, which
// moves; else to where its blocks end, once, and again when that has been reached.
func (w *walk) measure(limit Position) error {
	extent := whole
	switch {
	case w.at.Segment == limit.Segment && limit.Offset != growing:
		w.r.size, w.size = limit.Offset, unmeasured
		return nil
	case w.at.Segment == limit.Segment:
		extent = partly
	}
	if w.size == extent {
		return nil
	}
	info, err := w.file.Stat()
	if err != nil {
		return err
	}
	if w.r.size, err = dataEnd(w.file, info.Size()); err == nil {
		w.size = extent
	}
	return err
}

// open opens the segment of the position, or the next that there is.
func (w *walk) open(limit Position) (found bool, err error) {
	paths, err := segments(w.fsys, w.dir)
	if err != nil {
		return false, err
	}
	for _, path := range paths {
		id, _ := parseSegmentPath(path)
		if id.seq < w.at.Segment {
			continue
		}
		file, err := w.fsys.Open(path, false)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		} else if err != nil {
			return false, err
		}
		if w.r, err = newBlockReader(file); err != nil {
			file.Close()
			return false, err
		}
		w.file, w.path, w.size = file, path, unmeasured
		wanted := w.at.Segment
		if id.seq > wanted {
			w.at = Position{Segment: id.seq}
		}
		w.at.Offset = max(w.at.Offset, headerSize)
		w.r.begin(w.at.Offset)
		if wanted > 0 && id.seq > wanted {
			err = fmt.Errorf("%s: %w: segments %d to %d", filepath.Base(path), ErrGap, wanted, id.seq-1)
		}
		return err == nil, err
	}
	if limit.Offset != growing {
		w.at = limit // everything was removed, up to what is written now
	}
	return false, nil
}

// endSegment is called when a segment has been read to its end, as far as it may be.
func (w *walk) endSegment(limit Position) error {
	if w.at.Segment < limit.Segment {
		w.at = Position{Segment: w.at.Segment + 1}
		return errors.Join(w.r.damage(w.path), w.Close())
	}
	if limit.Offset == growing {
		w.r.off, w.size = w.at.Offset, unmeasured // what is not whole there may be being written
		return nil
	}
	early := w.at.before(limit)
	w.at = limit
	if early {
		return fmt.Errorf("%s: %w: it ends early", w.path, ErrDamaged)
	}
	return nil
}

// forget takes a batch back that was noted as seen.
func (s *Scanner) forget(h *blockHeader) { s.seen[lane{h.run, h.lane}].remove(h.seq) }
