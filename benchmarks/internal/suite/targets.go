package suite

import (
	"fmt"
	"math"
	"strings"

	"github.com/uringnet/go-uringnet/benchmarks/internal/measure"
	"github.com/uringnet/go-uringnet/benchmarks/internal/report"
)

// Target is something that the engine is to reach.
type Target struct {
	Part     string // "" for all
	Workload string // "" for all
	Layout   measure.Layout
	Conns    int // 0 for all
	Metric   Metric
	Against  string  // the server to compare with, "" for the figure itself
	Bound    float64 // at most, where less is better, else at least
}

// perConns makes a target for each number of connections.
func perConns(t Target, conns []int, bounds ...float64) (targets []Target) {
	for i, n := range conns {
		t.Conns = n
		t.Bound = bounds[min(i, len(bounds)-1)]
		targets = append(targets, t)
	}
	return targets
}

// fairnessSlack is how much worse than std a share may be: there is one figure
// in a cell, without a spread.
const fairnessSlack = 0.05

// Targets are those of the project's 2-CPU machine.
func Targets() (targets []Target) {
	one := []int{1, 16, 100, 1000, 5000}
	two := []int{1, 4, 16, 100, 1000, 4000}
	echo := Target{Part: "echo", Workload: "64 B", Layout: measure.LayoutOne, Against: Std}
	targets = append(targets, perConns(echo, one, 1, 1.25, 1.3, 1.4, 1.2)...)
	echo.Against = Ceiling
	targets = append(targets, perConns(echo, one, .95)...)
	echo.Layout, echo.Against = measure.LayoutTwo, Std
	targets = append(targets, perConns(echo, two, 1, 1.2, 1.5, 1.4, 1.2, 1.15)...)
	echo.Against = Ceiling
	targets = append(targets, perConns(echo, two, .9)...)
	return append(targets,
		Target{Part: "echo", Workload: "16 KiB", Layout: measure.LayoutTwo, Against: Std, Bound: 1.1},
		Target{Part: "echo", Workload: "16 KiB", Layout: measure.LayoutTwo, Against: Ceiling, Bound: .95},
		Target{Part: "ingest", Workload: "60k/s", Layout: measure.LayoutTwo, Metric: CPU, Against: Std, Bound: .55},
		Target{Part: "ingest", Workload: "60k/s", Layout: measure.LayoutTwo, Metric: CPU, Against: Ceiling, Bound: 1.3},
		Target{Part: "http", Workload: "hello", Layout: measure.LayoutOne, Conns: 100, Against: Std, Bound: 1.25},
		Target{Part: "http", Workload: "hello", Layout: measure.LayoutTwo, Conns: 100, Against: Std, Bound: 1.1},
		Target{Part: "bulk", Layout: measure.LayoutTwo, Against: Std, Bound: 1},
		Target{Metric: P99, Against: Std, Bound: 1},
		Target{Metric: Slowest, Against: Std, Bound: 1 - fairnessSlack},
		Target{Metric: Fastest, Against: Std, Bound: 1 + fairnessSlack},
		Target{Part: "echo", Workload: "64 B", Layout: measure.LayoutTwo, Conns: 100, Metric: Syscalls, Bound: 1.1},
	)
}

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
	verdicts = append(verdicts, r.idleVerdicts()...)
	return append(verdicts, peerVerdicts(groups)...)
}

// judge looks at every cell that the target is about.
func (t Target) judge(groups []*Group) Verdict {
	v := Verdict{Target: t, Where: t.where(), Wanted: t.wanted(), Near: true}
	for _, g := range groups {
		if !t.about(g.Key()) {
			continue
		}
		var got report.Spread
		if t.Against == "" {
			got = report.NewSpread(g.values(t.Metric, Subject))
		} else {
			got = g.Ratio(t.Metric, Subject, t.Against)
		}
		v.add(g.Key().String(), got, t.Bound, metrics[t.Metric].less)
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

func (t Target) about(k Key) bool {
	return (t.Part == "" || t.Part == k.Part) && (t.Workload == "" || t.Workload == k.Workload) &&
		(t.Layout == "" || t.Layout == k.Layout) && (t.Conns == 0 || t.Conns == k.Conns)
}

func (t Target) where() string {
	var words []string
	if t.Part == "" {
		words = append(words, "every cell")
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
