package dear

import (
	"fmt"
	"time"
)

// Cost is what system calls that do nothing take.
type Cost struct {
	Getppid time.Duration
	// Recvfrom is a call with arguments, of a descriptor that is not open.
	Recvfrom time.Duration
}

// Filter is one that was calibrated.
type Filter struct {
	Goal  time.Duration // of getppid
	Steps int
	Cost  Cost // that was measured with it
}

// String describes the filter.
func (f Filter) String() string {
	return fmt.Sprintf("a seccomp filter of %d steps makes system calls dear: getppid %d ns, recvfrom(-1) %d ns",
		f.Steps, f.Cost.Getppid.Nanoseconds(), f.Cost.Recvfrom.Nanoseconds())
}

const (
	// tolerance is how near the goal is near enough, as a share of it.
	tolerance = 0.02
	// acceptable is how near it has to be when looks are used up.
	acceptable = 0.1
	// looks is how many filters are tried.
	looks = 8
)

// Calibrate finds the steps, from 1 to most, with which getppid costs goal.
// Measure says what calls cost with so many. More steps cost more, about
// evenly, and the figures have noise.
func Calibrate(goal time.Duration, most int, measure func(steps int) (Cost, error)) (Filter, error) {
	low, high := 1, most
	var at [2]float64 // what they cost
	best := Filter{Goal: goal}
	off := func(c Cost) float64 { return float64((c.Getppid - goal).Abs()) / float64(goal) }
	try := func(steps int) (float64, error) {
		c, err := measure(steps)
		if err == nil && (best.Steps == 0 || off(c) < off(best.Cost)) {
			best.Steps, best.Cost = steps, c
		}
		return float64(c.Getppid), err
	}
	var err error
	for i, steps := range []int{low, high} {
		if at[i], err = try(steps); err != nil {
			return Filter{}, err
		}
	}
	if at[0] > float64(goal) || at[1] < float64(goal) {
		return Filter{}, fmt.Errorf("a filter makes a system call cost %.0f to %.0f ns here, not %d", at[0], at[1], goal.Nanoseconds())
	}
	for range looks {
		if off(best.Cost) <= tolerance || high-low < 2 {
			break
		}
		steps := between(low, high, at, float64(goal))
		cost, err := try(steps)
		if err != nil {
			return Filter{}, err
		}
		if cost < float64(goal) {
			low, at[0] = steps, max(at[0], cost)
		} else {
			high, at[1] = steps, min(at[1], cost)
		}
	}
	if off(best.Cost) > acceptable {
		return best, fmt.Errorf("no filter makes a system call cost %d ns: the nearest is %s", goal.Nanoseconds(), best)
	}
	return best, nil
}

// between is where the goal is on the line from low to high, ends excluded.
func between(low, high int, at [2]float64, goal float64) int {
	share := 0.5
	if at[1] > at[0] {
		share = (goal - at[0]) / (at[1] - at[0])
	}
	return min(high-1, max(low+1, low+int(share*float64(high-low)+.5)))
}
