package suite

import (
	"fmt"
	"math"
	"strings"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/report"
)

// Verdict is how a target was met.
type Verdict struct {
	Target Target // of perConns and the like
	Where  string
	Wanted string
	// Got is the figure that was measured: of the worst cell, if there are
	// several.
	Got report.Spread
	// Cells is how many cells were judged, and Missed in which the target was
	// missed.
	Cells  int
	Missed []string
	// Near is whether the quartiles of every cell that missed reach the bound.
	Near bool
}

// State says it in a word.
func (v *Verdict) State() string {
	switch {
	case v.Cells == 0:
		return "not measured"
	case len(v.Missed) == 0:
		return "met"
	case v.Near:
		return "missed, within the spread"
	}
	return "missed"
}

// Bad is whether the target was missed.
func (v *Verdict) Bad() bool { return len(v.Missed) > 0 }

// Verdicts judges every target.
func (r *Result) Verdicts() []Verdict {
	groups := r.Groups()
	var verdicts []Verdict
	for _, t := range Targets() {
		verdicts = append(verdicts, t.judge(groups))
	}
	return append(verdicts, r.idleVerdicts()...)
}

// judge looks at every cell that the target is about.
func (t Target) judge(groups []*Group) Verdict {
	v := Verdict{Target: t, Where: t.where(), Wanted: t.wanted(), Near: true}
	for _, g := range groups {
		if !t.about(g.Key()) {
			continue
		}
		v.add(g.Key().String(), g.Ratio(t.Metric, t.server(), t.Against), t.Bound, metrics[t.Metric].less)
	}
	return v
}

// add judges one figure.
func (v *Verdict) add(where string, got report.Spread, bound float64, atMost bool) {
	if got.N == 0 {
		return
	}
	v.Cells++
	sign, best := 1.0, got.Q3
	if atMost {
		sign, best = -1, got.Q1
	}
	if v.Got.N == 0 || sign*got.Median < sign*v.Got.Median {
		v.Got = got
	}
	// What is printed is judged: two digits.
	if sign*math.Round(got.Median*100)/100 < sign*bound-1e-9 {
		v.Missed = append(v.Missed, fmt.Sprintf("%s: %s", where, ratioText(got)))
		v.Near = v.Near && sign*best >= sign*bound
	}
}

// about is whether a target is about a cell: one for every cell leaves out those
// that another target has a word on.
func (t Target) about(k Key) bool {
	if t.Part != "" {
		return t.names(k)
	}
	for _, other := range Targets() {
		if other.Part != "" && other.Metric == t.Metric && other.server() == t.server() && other.Against == t.Against && other.names(k) {
			return false
		}
	}
	return true
}

func (t Target) names(k Key) bool {
	return t.Part == k.Part && (t.Workload == "" || k.Workload == t.Workload || strings.HasPrefix(k.Workload, t.Workload+", ")) &&
		(t.Layout == "" || t.Layout == k.Layout) && (t.Conns == 0 || t.Conns == k.Conns)
}

func (t Target) server() string {
	if t.Server == "" {
		return Subject
	}
	return t.Server
}

func (t Target) where() string {
	var words []string
	if t.Part == "" {
		words = append(words, "every other cell")
	} else {
		words = append(words, strings.TrimSpace(t.Part+" "+t.Workload))
	}
	if t.Conns > 0 {
		words = append(words, plural(t.Conns, "connection"))
	}
	if t.Layout != "" {
		words = append(words, layoutText(t.Layout))
	}
	return strings.Join(words, ", ")
}

func (t Target) wanted() string {
	text := metrics[t.Metric].name
	if t.Server != "" {
		text = t.Server + ": " + text
	}
	switch t.Against {
	case Std:
		text += " to std"
	case Ceiling:
		text += " to C"
	}
	if metrics[t.Metric].less {
		return fmt.Sprintf("%s at most %.2f", text, t.Bound)
	}
	return fmt.Sprintf("%s at least %.2f", text, t.Bound)
}

func layoutText(l measure.Layout) string {
	if l == measure.LayoutOne {
		return "one CPU"
	}
	return "two shared CPUs"
}
