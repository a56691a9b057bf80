package query

import (
	"context"
	"errors"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// pollEvery is how often a directory is looked at for what is new.
const pollEvery = 200 * time.Millisecond

// A Following is what Follow needs to know.
type Following struct {
	Disk store.FS // nil: StdFS
	Dir  string
	From store.Position // where Run ended
	// Emit is called for each log, Idle, if not nil, when there are no more for now. An
	// error of theirs ends it.
	Emit func(*Entry) error
	Idle func() error
	// Complain, if not nil, is told of what could not be read: store.ErrDamaged, ErrTorn
	// and ErrGap, wrapped.
	Complain func(error)
}

// Follow delivers what is wanted of a directory that is being written, by this process or
// another, until ctx ends, and returns its error then. q.Last does not count.
func (q *Query) Follow(ctx context.Context, f Following) error {
	r, err := q.newRun(ctx, f.Disk, f.Emit)
	if err != nil {
		return err
	}
	if q.unfinished != nil {
		r.parts = q.unfinished
	}
	tail := r.scanner.Tail(f.Dir, f.From)
	defer tail.Close()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if err := r.drain(tail, f.Complain); err != nil {
			return err
		}
		if err := r.merge.flush(); err != nil {
			return err
		}
		if f.Idle != nil {
			if err := f.Idle(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// drain reads what there is.
func (r *run) drain(tail *store.Tail, complain func(error)) error {
	for {
		var own error
		found, err := tail.Next(func(b *store.Batch) (err error) {
			p := place{segment: int32(b.Segment)}
			if err, own = r.batch(p, b); own != nil {
				return own
			}
			return err
		})
		switch {
		case own != nil:
			return own
		case errors.Is(err, store.ErrDamaged), errors.Is(err, store.ErrTorn), errors.Is(err, store.ErrGap):
			if complain != nil {
				complain(err)
			}
		case err != nil:
			return err
		case !found:
			return nil
		}
	}
}
