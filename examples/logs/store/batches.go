package store

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// A Batch is what was stored at a time: records of one lane, in order. It is valid
// during the call that it is given to.
type Batch struct {
	// Segment is the number of its segment, 0 if the file has not a segment's name.
	Segment uint64
	// Begin and End are where it begins and ends in its file, in bytes.
	Begin, End int64
	// Records is how many it has; First and Last are the least and the greatest time
	// of one of them and of its receipt, in Unix nanoseconds.
	Records     int
	First, Last int64

	path    string
	h       blockHeader
	payload []byte // decompressed
	damage  error  // why not all of it could be read, or nil
}

// Position is behind the batch.
func (b *Batch) Position() Position { return Position{b.Segment, b.End} }

// Each calls fn for each record. It returns fn's error at once, and ErrDamaged, wrapped,
// if there are records that cannot be read.
func (b *Batch) Each(fn func(Record) error) error {
	own, err := deliver(&b.h, b.payload, fn)
	if err != nil && !own {
		err = b.broken(err)
	}
	return err
}

// broken notes why not all of it can be read, and returns that as it is told.
func (b *Batch) broken(err error) error {
	b.damage = fmt.Errorf("%s: %w: %w", b.path, ErrDamaged, err)
	return b.damage
}

// batch is what is known of a block of the segment id that ends at end.
func (s *Scanner) batch(path string, id segmentID, h *blockHeader, end int64, payload []byte) *Batch {
	b := &Batch{
		Segment: id.seq, Begin: end - headerSize - int64(h.length), End: end,
		Records: int(h.records), First: h.first, Last: h.last, path: path, h: *h,
	}
	var err error
	if b.payload, err = s.plaintext(h, payload); err != nil {
		_ = b.broken(err) // give tells
	}
	return b
}

// give calls fn for a batch. own is whether an error is fn's, and not of the batch.
func (b *Batch) give(fn func(*Batch) error) (own bool, err error) {
	if b.damage != nil {
		return false, b.damage
	}
	err = fn(b)
	return err != nil && b.damage == nil, err
}

// Batches calls fn for each batch of a segment that begins at from or later and ends at
// to or earlier, in order; to is 0 for all that there are. It returns fn's error at once,
// unless that is Each's own, and ErrTorn or ErrDamaged, wrapped, at the end of such a
// segment.
func (s *Scanner) Batches(path string, from, to int64, fn func(*Batch) error) error {
	_, err := s.batches(path, from, to, fn)
	return err
}

// batches is Batches. own is whether the error is fn's.
func (s *Scanner) batches(path string, from, to int64, fn func(*Batch) error) (own bool, err error) {
	f, err := s.disk().Open(path, false)
	if err != nil {
		return false, err
	}
	defer f.Close()
	r, err := newBlockReader(f)
	if err != nil {
		return false, err
	}
	id, _ := parseSegmentPath(path)
	r.begin(from)
	if to > 0 {
		r.size = min(r.size, to)
	}
	var bad error
	for {
		h, payload, err := r.next(s.outside)
		switch {
		case errors.Is(err, io.EOF):
			return false, errors.Join(r.damage(path), bad)
		case err != nil:
			return false, err
		case payload == nil || !s.first(&h):
			continue
		}
		own, err := s.batch(path, id, &h, r.off, payload).give(fn)
		if own {
			return true, err
		}
		if err != nil {
			bad = err
		}
	}
}

// begin has the reader go on at off, behind the header.
func (r *blockReader) begin(off int64) {
	r.off = min(max(off, headerSize), r.size)
	r.end = r.off
}

// BatchesBack is Batches from the newest batch to the oldest; it reads the headers of
// all before, and of the records only those that fn is called for. end is where the last
// whole batch ends, also where fn ended it.
func (s *Scanner) BatchesBack(path string, fn func(*Batch) error) (end int64, err error) {
	f, err := s.disk().Open(path, false)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r, err := newBlockReader(f)
	if err != nil {
		return 0, err
	}
	places, err := s.places(r)
	if err != nil {
		return 0, err
	}
	id, _ := parseSegmentPath(path)
	end = r.end
	bad := r.damage(path)
	for _, off := range slices.Backward(places) {
		var h blockHeader
		var payload []byte
		ok, err := r.block(off, &h, &payload, nil)
		if err != nil {
			return end, err
		}
		if !ok {
			bad = fmt.Errorf("%s: %w: at %d", path, ErrDamaged, off)
			continue
		}
		if !s.first(&h) {
			continue
		}
		own, err := s.batch(path, id, &h, off+headerSize+int64(h.length), payload).give(fn)
		if own {
			return end, err
		}
		if err != nil {
			bad = err
		}
	}
	return end, bad
}

// places is where the blocks begin that are asked for.
func (s *Scanner) places(r *blockReader) (places []int64, err error) {
	for {
		h, _, err := r.next(func(*blockHeader) bool { return true })
		if errors.Is(err, io.EOF) {
			return places, nil
		}
		if err != nil {
			return nil, err
		}
		if !s.outside(&h) {
			places = append(places, r.off-headerSize-int64(h.length))
		}
	}
}
