// Package report turns what was measured into tables.
package report

import (
	"fmt"
	"slices"
)

// Spread is the middle of a set of values and the quartiles around it.
type Spread struct {
	Q1, Median, Q3 float64
	N              int // how many values
}

// NewSpread returns the spread of values, interpolating between neighbours.
func NewSpread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	s := slices.Sorted(slices.Values(values))
	return Spread{Q1: quantile(s, .25), Median: quantile(s, .5), Q3: quantile(s, .75), N: len(s)}
}

// quantile returns the q-quantile of sorted values.
func quantile(sorted []float64, q float64) float64 {
	pos := q * float64(len(sorted)-1)
	i := int(pos)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (pos-float64(i))*(sorted[i+1]-sorted[i])
}

// Ratios divides values by base, pair by pair. A pair with a zero in base is
// left out.
func Ratios(values, base []float64) []float64 {
	var r []float64
	for i := range min(len(values), len(base)) {
		if base[i] != 0 {
			r = append(r, values[i]/base[i])
		}
	}
	return r
}

// String writes a ratio as "1.23 (1.20-1.25)".
func (s Spread) String() string {
	if s.N == 0 {
		return "n/a"
	}
	return fmt.Sprintf("%.2f (%.2f-%.2f)", s.Median, s.Q1, s.Q3)
}
