package query

import (
	"errors"
	"io/fs"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A start is where the last logs begin: in which group, in which of its segments, at which
// batch.
type start struct {
	group, segment int
	offset         int64
	end            int64 // of the newest segment when it was read; 0: it could not be
}

// part is what is read of a segment: from where and, if not 0, up to where.
func (s *start) part(groups [][]string, group, segment int) (begin, to int64, wanted bool) {
	if group == s.group {
		if segment < s.segment {
			return 0, 0, false
		}
		if segment == s.segment {
			begin = s.offset
		}
	}
	if isNewest(groups, group, segment) {
		to = s.end
	}
	return begin, to, true
}

func isNewest(groups [][]string, group, segment int) bool {
	return group == len(groups)-1 && segment == len(groups[group])-1
}

// errEnough ends reading backwards.
var errEnough = errors.New("enough")

// findLast reads backwards until the last logs are known, sets r.first to the oldest of
// them, and returns where to begin.
func (r *run) findLast(groups [][]string) (from start, err error) {
	found, split := newest{n: r.q.Last}, false
	back := r.q.Scanner(r.scanner.FS)
	for g := len(groups) - 1; g >= 0 && !found.full(); g-- {
		more := 0 // batches read since there were enough
		for i := len(groups[g]) - 1; i >= 0 && more < Window; i-- {
			p := place{group: int32(g), segment: int32(i)}
			newest := isNewest(groups, g, i)
			if skip, err := r.skip(groups[g][i]); skip && !newest {
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					return from, err
				}
				continue
			}
			from.group, from.segment, from.offset = g, i, 0
			end, err := back.BatchesBack(groups[g][i], func(b *store.Batch) error {
				if r.ctx.Err() != nil {
					return r.ctx.Err()
				}
				from.offset = b.Begin
				if more >= Window {
					return errEnough
				}
				if found.full() {
					more++
				}
				r.parts = new(parts) // what came before is not known yet
				err := r.each(p, b, found.add)
				split = split || !r.parts.none()
				return err
			})
			if newest {
				from.end = end
			}
			if err != nil && !passable(err) {
				return from, err
			}
		}
	}
	if r.parts = new(parts); split && len(r.q.hosts)+len(r.q.apps) > 0 {
		if found, err = r.recount(groups, from); err != nil {
			return from, err
		}
	}
	if len(found.places) == 0 {
		return start{group: len(groups), end: from.end}, nil
	}
	r.first = &found.places[0]
	return from, nil
}

// recount finds the last logs by the way forward, which knows of the records that continue
// others of earlier batches.
func (r *run) recount(groups [][]string, from start) (found newest, err error) {
	found.n = r.q.Last
	again := &run{q: r.q, ctx: r.ctx, filter: filter{q: r.q}, scanner: r.q.Scanner(r.scanner.FS), parts: new(parts)}
	again.take = func(p place, b *store.Batch) (bad, own error) {
		return again.each(p, b, found.add), r.ctx.Err()
	}
	if _, err = again.forward(groups, from); err != nil && passable(err) {
		err = nil
	}
	return found, err
}

// passable reports whether an error is told by the way forward.
func passable(err error) bool {
	return errors.Is(err, errEnough) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrTorn) || errors.Is(err, store.ErrDamaged)
}
