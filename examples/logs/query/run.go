package query

import (
	"context"
	"errors"
	"io/fs"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A run is what Run and Follow have in common.
type run struct {
	q       *Query
	ctx     context.Context
	filter  filter
	merge   merge
	scanner *store.Scanner
	parts   *parts
	take    func(place, *store.Batch) (bad, own error) // what batches are for: batch, but to count

	first *place // earlier ones are not asked for; nil: all are
	entry Entry  // of the record that is looked at
}

func (q *Query) newRun(ctx context.Context, disk store.FS, emit func(*Entry) error) (*run, error) {
	if err := q.prepare(); err != nil {
		return nil, err
	}
	r := &run{q: q, ctx: ctx, scanner: q.Scanner(disk), parts: new(parts)}
	r.filter.q, r.merge.emit, r.take = q, emit, r.batch
	return r, nil
}

// Scanner makes a Scanner that leaves out batches by the times that are asked for. disk is
// where the segments are; nil: StdFS.
func (q *Query) Scanner(disk store.FS) *store.Scanner {
	return &store.Scanner{Since: q.since, Until: q.until, FS: disk}
}

// Run calls emit for each log that is wanted of groups of segments, which are paths in
// the order of their making; the groups come one after the other. Segments that vanish are
// passed over. Damaged ones do not stop it: that is told at the end by an error that is
// store.ErrDamaged. It returns emit's error, and ctx's, at once. Follow may go on at end
// in the directory of the last group. disk is where the segments are; nil: StdFS.
func (q *Query) Run(ctx context.Context, disk store.FS, groups [][]string, emit func(*Entry) error) (end store.Position, err error) {
	r, err := q.newRun(ctx, disk, emit)
	if err != nil {
		return end, err
	}
	from := start{}
	if q.Last > 0 {
		if from, err = r.findLast(groups); err != nil {
			return end, err
		}
	}
	end, err = r.forward(groups, from)
	q.unfinished = r.parts
	return end, err
}

// forward reads what there is behind a start, and returns a Position behind which nothing
// was read.
func (r *run) forward(groups [][]string, from start) (end store.Position, err error) {
	var bad []error
	for g := from.group; g < len(groups); g++ {
		for i, path := range groups[g] {
			begin, to, wanted := from.part(groups, g, i)
			if !wanted {
				continue
			}
			end, err = r.segment(place{group: int32(g), segment: int32(i)}, path, begin, to)
			switch {
			case err == nil, errors.Is(err, fs.ErrNotExist):
			case errors.Is(err, store.ErrDamaged):
				bad = append(bad, err)
			default:
				return end, plainError(err)
			}
		}
		if err := r.merge.flush(); err != nil {
			return end, err
		}
	}
	if from.end > 0 {
		last := groups[len(groups)-1]
		end = store.Position{Segment: store.SegmentNumber(last[len(last)-1]), Offset: from.end}
	}
	return end, errors.Join(bad...)
}

// segment reads the batches of a segment in order. It returns a Position behind which
// nothing was read.
func (r *run) segment(p place, path string, begin, to int64) (at store.Position, err error) {
	at.Segment = store.SegmentNumber(path)
	if skip, err := r.skip(path); skip || err != nil {
		return at, err
	}
	var own error
	err = r.scanner.Batches(path, begin, to, func(b *store.Batch) error {
		if own != nil {
			return own
		}
		at = b.Position()
		var err error
		if err, own = r.take(p, b); own != nil {
			return own
		}
		return err
	})
	if own != nil {
		return at, &emitError{own}
	}
	if err != nil && !errors.Is(err, store.ErrDamaged) && errors.Is(err, store.ErrTorn) {
		err = nil // it is being written, or a crash has ended it
	}
	return at, err
}

// An emitError is one of emit's, whatever it is.
type emitError struct{ err error }

func (e *emitError) Error() string { return e.err.Error() }

// plainError is the error as it was before it was marked.
func plainError(err error) error {
	var own *emitError
	if errors.As(err, &own) {
		return own.err
	}
	return err
}

// skip reports whether a segment need not be read, by its index.
func (r *run) skip(path string) (bool, error) {
	if err := r.ctx.Err(); err != nil {
		return false, err
	}
	x, err := r.scanner.Index(path)
	if err != nil {
		return true, err
	}
	return !r.q.may(x), nil
}

// batch takes what is asked for of a batch. own is emit's error, or ctx's.
func (r *run) batch(p place, b *store.Batch) (bad, own error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	h := new(heldBatch)
	bad = r.each(p, b, func(p place) { h.add(&r.entry, p) })
	return bad, r.merge.add(h)
}

// each calls fn for what is asked for of a batch, which is r.entry then.
func (r *run) each(p place, b *store.Batch, fn func(place)) error {
	p.offset = b.Begin
	r.parts.batch()
	return b.Each(func(rec store.Record) error {
		r.entry = Entry{Record: rec}
		p.index++
		p.received = r.entry.ReceivedAt()
		r.parts.add(&r.entry)
		if r.filter.wants(&r.entry) && (r.first == nil || p.compare(r.first) >= 0) {
			fn(p)
		}
		return nil
	})
}
