package measure

import (
	"errors"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/load"
)

// fakeLoad serves so many requests a second, more with each run.
type fakeLoad struct {
	Load
	perSecond []uint64
	runs      int
	pace      load.Pace
	length    time.Duration // of the last run
}

func (f *fakeLoad) Run(d time.Duration) (load.Slice, error) {
	n := f.perSecond[min(f.runs, len(f.perSecond)-1)]
	f.runs++
	f.length = d
	return load.Slice{Requests: uint64(float64(n) * d.Seconds()), Length: d}, nil
}

func (f *fakeLoad) SetPace(p load.Pace) { f.pace = p }

func TestPaceIsAShareOfStd(t *testing.T) {
	std, other := &fakeLoad{perSecond: []uint64{8000, 20_000, 10_000, 12_000}}, &fakeLoad{perSecond: []uint64{1}}
	targets := []*target{
		{spec: Spec{Name: "uring", Kind: "uring"}, client: other},
		{spec: Spec{Name: "std", Kind: "std"}, client: std},
	}
	p := &Plan{Share: .25, Burst: 3, Slice: time.Second}
	var c Cell
	if err := p.pace(&c, targets); err != nil {
		t.Fatal(err)
	}
	if c.Saturated != 11_000 || c.Rate != 2750 || c.Share != .25 {
		t.Errorf("%+v", c)
	}
	want := load.Pace{Rate: 2750, Burst: 3}
	if std.pace != want || other.pace != want {
		t.Errorf("paces %+v, %+v", std.pace, other.pace)
	}
	if c.Slice < 1400*time.Millisecond || c.Slice > 1500*time.Millisecond || p.Slice != time.Second {
		t.Errorf("slice %v", c.Slice)
	}
	if other.runs != 1 || std.runs != saturating+1 {
		t.Errorf("%d and %d runs", other.runs, std.runs)
	}
}

func TestRateIsSet(t *testing.T) {
	one, other := &fakeLoad{perSecond: []uint64{8000}}, &fakeLoad{perSecond: []uint64{1}}
	p := &Plan{Rate: 2000, Slice: time.Second}
	c := Cell{Rate: p.Rate}
	if err := p.setPace(&c, []*target{{spec: Spec{Kind: "program"}, client: one}, {spec: Spec{Kind: "adopt"}, client: other}}); err != nil {
		t.Fatal(err)
	}
	if want := (load.Pace{Rate: 2000}); one.pace != want || other.pace != want || c.Slice != 2*time.Second {
		t.Errorf("paces %+v, %+v, slice %v", one.pace, other.pace, c.Slice)
	}
}

func TestPaceNeedsStd(t *testing.T) {
	p := &Plan{Share: .25, Slice: time.Second}
	for _, targets := range [][]*target{
		nil,
		{{spec: Spec{Kind: "uring"}, client: &fakeLoad{perSecond: []uint64{1}}}},
		{{spec: Spec{Kind: "std"}, failed: true}},
	} {
		if err := p.pace(new(Cell), targets); !errors.Is(err, errNoStd) {
			t.Errorf("%d targets: %v", len(targets), err)
		}
	}
}

func TestPacedSlice(t *testing.T) {
	for _, tt := range []struct {
		rate float64
		want time.Duration
	}{{100_000, 250 * time.Millisecond}, {8000, 500 * time.Millisecond}, {10, time.Second}} {
		if got := pacedSlice(250*time.Millisecond, tt.rate); got != tt.want {
			t.Errorf("%.0f/s: %v, want %v", tt.rate, got, tt.want)
		}
	}
}

func TestReached(t *testing.T) {
	if got := (Slice{Requests: 5}).Reached(); got != 1 {
		t.Errorf("a closed loop: %v", got)
	}
	if got := (Slice{Requests: 90, Due: 100}).Reached(); got != .9 {
		t.Errorf("90 of 100: %v", got)
	}
}
