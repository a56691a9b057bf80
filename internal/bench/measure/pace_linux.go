package measure

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/load"
)

const (
	// saturating is from how many slices of a closed loop std's rate is taken.
	saturating = 4
	// wanted is how many requests a slice at a constant rate is to have, so that
	// p99.9 is one of several.
	wanted = 4000
	// longest is how many times as long as others such a slice is at most.
	longest = 4
)

// errNoStd is a cell without the server that its rate comes from.
var errNoStd = errors.New("a share of what std serves needs the server std, and it does not serve this")

// pace measures what std serves in a closed loop, and sets the loads to a share
// of that.
func (p *Plan) pace(c *Cell, targets []*target) error {
	i := slices.IndexFunc(targets, func(t *target) bool { return t.spec.Kind == "std" && !t.failed })
	if i < 0 {
		return errNoStd
	}
	base := targets[i]
	var rates []float64
	for range saturating {
		if err := p.each(targets[i:i+1], "saturate", func(t *target) error {
			s, err := t.client.Run(p.Slice)
			rates = append(rates, float64(s.Requests)/s.Length.Seconds())
			return err
		}); err != nil {
			return err
		}
	}
	if base.failed {
		return fmt.Errorf("%w: %s", errNoStd, base.out.Failed)
	}
	slices.Sort(rates)
	c.Saturated = (rates[(saturating-1)/2] + rates[saturating/2]) / 2
	c.Share, c.Rate = p.Share, p.Share*c.Saturated
	if c.Rate <= 0 {
		return errors.New("std served nothing")
	}
	return p.setPace(c, targets)
}

// setPace makes the loads those of the cell's rate.
func (p *Plan) setPace(c *Cell, targets []*target) error {
	c.Slice = pacedSlice(p.Slice, c.Rate)
	return p.each(targets, "warm-up at the rate", func(t *target) error {
		pacer, ok := t.client.(Pacer)
		if !ok {
			return fmt.Errorf("load %T has no constant rate", t.client)
		}
		pacer.SetPace(load.Pace{Rate: c.Rate, Burst: p.Burst})
		_, err := t.client.Run(p.Slice)
		return err
	})
}

// pacedSlice is how long a slice is at a rate, where others have d.
func pacedSlice(d time.Duration, rate float64) time.Duration {
	want := time.Duration(wanted / rate * float64(time.Second))
	return min(max(d, want.Round(time.Millisecond)), longest*d)
}
