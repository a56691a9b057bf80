package suite

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/report"
)

// Metric is something that is measured of each server in each cell.
type Metric int

// The metrics, in the order of the columns.
const (
	Throughput Metric = iota
	CPU
	Syscalls
	P50
	P99
	P999
	Slowest
	Fastest
	numMetrics
)

// metric says how a metric is read.
type metric struct {
	name string
	less bool // less is better
	// slice reads it from a slice; nil: server reads it, once in a cell.
	slice  func(measure.Slice) float64
	server func(*measure.Server) (float64, bool)
}

var metrics = [numMetrics]metric{
	Throughput: {name: "throughput", slice: measure.Slice.PerSecond},
	CPU:        {name: "CPU", less: true, slice: func(s measure.Slice) float64 { return s.CPUPerReq() / 1e3 }},
	Syscalls: {name: "system calls", less: true, server: func(s *measure.Server) (float64, bool) {
		if s.SyscallsPerReq == nil {
			return 0, false
		}
		return *s.SyscallsPerReq, true
	}},
	P50:     {name: "p50", less: true, slice: func(s measure.Slice) float64 { return float64(s.P50) / 1e3 }},
	P99:     {name: "p99", less: true, slice: func(s measure.Slice) float64 { return float64(s.P99) / 1e3 }},
	P999:    {name: "p99.9", less: true, slice: func(s measure.Slice) float64 { return float64(s.P999) / 1e3 }},
	Slowest: {name: "slowest", server: func(s *measure.Server) (float64, bool) { return s.Slowest, s.Fastest > 0 }},
	Fastest: {name: "fastest", less: true, server: func(s *measure.Server) (float64, bool) { return s.Fastest, s.Fastest > 0 }},
}

// values are a metric's values, one for each slice to judge by. A latency of 0
// was not measured.
func (m Metric) values(s *measure.Server) []float64 {
	if m.server() {
		if v, ok := metrics[m].server(s); ok && s.Failed == "" {
			return []float64{v}
		}
		return nil
	}
	var values []float64
	latency := m == P50 || m == P99 || m == P999
	for _, slice := range s.Usable() {
		v := metrics[m].slice(slice)
		if latency && v == 0 {
			return nil
		}
		values = append(values, v)
	}
	return values
}

func (m Metric) server() bool { return metrics[m].server != nil }

// Figure is a metric of a server: as it is, and as ratios.
type Figure struct {
	Abs, Std, Ceiling report.Spread
}

// Row is a server in a group.
type Row struct {
	Server  string
	Failed  string // why there are no figures
	Figures [numMetrics]Figure
}

// Group is all that was measured of one workload with one number of
// connections.
type Group struct {
	cells  []*Cell
	result *Result // that they are of
}

// Key tells groups apart.
type Key struct {
	Part, Workload string
	Layout         measure.Layout
	Conns          int
}

// Key returns the group that a cell belongs to.
func (c *Cell) Key() Key { return Key{c.Part, c.Workload, c.Layout, c.Conns} }

// String names a cell.
func (k Key) String() string {
	return fmt.Sprintf("%s, %s, %s", k.what(), plural(k.Conns, "connection"), layoutText(k.Layout))
}

func (k Key) what() string {
	if k.Part == k.Workload {
		return k.Part
	}
	return k.Part + " " + k.Workload
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Groups sorts the cells into groups: by part, then as they were measured, then
// by layout and connections.
func (r *Result) Groups() []*Group {
	byKey := map[Key]*Group{}
	workloads := map[string]int{}
	var groups []*Group
	for i := range r.Cells {
		c := &r.Cells[i]
		if _, ok := workloads[c.Workload]; !ok {
			workloads[c.Workload] = len(workloads)
		}
		g := byKey[c.Key()]
		if g == nil {
			g = &Group{result: r}
			byKey[c.Key()] = g
			groups = append(groups, g)
		}
		g.cells = append(g.cells, c)
	}
	slices.SortStableFunc(groups, func(a, b *Group) int {
		x, y := a.Key(), b.Key()
		return cmp.Or(cmp.Compare(slices.Index(Parts, x.Part), slices.Index(Parts, y.Part)),
			cmp.Compare(workloads[x.Workload], workloads[y.Workload]),
			cmp.Compare(x.Layout, y.Layout), cmp.Compare(x.Conns, y.Conns))
	})
	return groups
}

// Key returns what its cells have in common.
func (g *Group) Key() Key { return g.cells[0].Key() }

// Cell returns the first of the cells.
func (g *Group) Cell() *Cell { return g.cells[0] }

// machine describes the hosts of its cells.
func (g *Group) machine() []string {
	hosts := make([]int, len(g.cells))
	for i, c := range g.cells {
		hosts[i] = c.Host
	}
	return g.result.machine(hosts...)
}

// Score is the metric by which a server wins or loses in the group.
func (g *Group) Score() Metric {
	if g.cells[0].Paced {
		return CPU
	}
	return Throughput
}

// Rows returns a row for each server that there is something to say of.
func (g *Group) Rows() []Row {
	var names []string
	for _, c := range g.cells {
		for i := range c.Servers {
			if s := &c.Servers[i]; !s.Unsupported && !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	rows := make([]Row, len(names))
	for i, name := range names {
		rows[i] = g.row(name)
	}
	return rows
}

func (g *Group) row(name string) Row {
	r := Row{Server: name}
	measured := false
	for _, c := range g.cells {
		if s := find(c, name); s != nil && s.Failed != "" {
			r.Failed = s.Failed
		} else if s != nil {
			measured = true
		}
	}
	if measured {
		r.Failed = ""
	}
	for m := range numMetrics {
		r.Figures[m] = Figure{
			Abs:     report.NewSpread(g.values(m, name)),
			Std:     g.Ratio(m, name, Std),
			Ceiling: g.Ratio(m, name, Ceiling),
		}
	}
	return r
}

// values are a metric's values in all cells.
func (g *Group) values(m Metric, name string) (values []float64) {
	for _, c := range g.cells {
		if s := find(c, name); s != nil {
			values = append(values, m.values(s)...)
		}
	}
	return values
}

// Ratio is the ratio of a server's metric to that of another in the same
// rounds.
func (g *Group) Ratio(m Metric, name, base string) report.Spread {
	var ratios []float64
	for _, c := range g.cells {
		a, b := find(c, name), find(c, base)
		if a == nil || b == nil {
			continue
		}
		ratios = append(ratios, report.Ratios(m.values(a), m.values(b))...)
	}
	return report.NewSpread(ratios)
}

func find(c *Cell, name string) *measure.Server {
	for i := range c.Servers {
		if c.Servers[i].Name == name {
			return &c.Servers[i]
		}
	}
	return nil
}

// worse is whether a ratio is on the wrong side of 1, as it is printed.
func (m Metric) worse(ratio report.Spread) bool {
	if ratio.N == 0 {
		return false
	}
	if metrics[m].less {
		return ratio.Median >= 1.005
	}
	return ratio.Median < 0.995
}

// inverse is what more of is better, of what less of is.
func inverse(s report.Spread) report.Spread {
	if s.N == 0 || s.Q1 == 0 {
		return report.Spread{}
	}
	return report.Spread{Q1: 1 / s.Q3, Median: 1 / s.Median, Q3: 1 / s.Q1, N: s.N}
}
