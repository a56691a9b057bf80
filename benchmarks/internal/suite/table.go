package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/uringnet/go-uringnet/internal/bench/report"
)

// text is a field of a table.
type text struct {
	s string
	// bad is whether it says that the engine loses to std.
	bad bool
}

// table is what is shown of some cells.
type table struct {
	title   string
	machine []string // what it was measured on
	columns []string
	rows    [][]text
	remarks []string
}

// isUring is whether a server is the engine under test.
func isUring(name string) bool {
	for _, kind := range []string{Subject, "events", "fasthttp-uring"} {
		if name == kind || strings.HasPrefix(name, kind+":") || strings.HasPrefix(name, kind+"#") {
			return true
		}
	}
	return false
}

// columns are the headings of a group's table. Those of the ratios stand
// behind each figure.
func columns(unit string) []string {
	cols := []string{"conns", "server"}
	for m := range numMetrics {
		switch m {
		case Throughput:
			cols = append(cols, unit+"/s")
		case CPU:
			cols = append(cols, "CPU µs/"+unit)
		case Syscalls:
			cols = append(cols, "syscalls/"+unit)
		case P50, P99, P999:
			cols = append(cols, metrics[m].name+" µs")
		default:
			cols = append(cols, metrics[m].name)
		}
		cols = append(cols, "× std", "× C")
	}
	return cols
}

// fields writes a row, a text for each of columns.
func (r *Row) fields(conns int) []text {
	bad := false
	out := []text{{s: fmt.Sprint(conns)}, {s: r.Server}}
	for m := range numMetrics {
		f := &r.Figures[m]
		worse := isUring(r.Server) && m.worse(f.Std)
		bad = bad || worse && (m == Throughput || m == CPU)
		out = append(out, text{s: m.format(f.Abs)}, text{ratioOf(r.Server, Std, f.Std), worse}, text{s: ratioOf(r.Server, Ceiling, f.Ceiling)})
	}
	if r.Failed != "" {
		out[2].s = "failed"
	}
	out[1].bad = bad
	return out
}

// ratioOf leaves out a server's ratio to itself.
func ratioOf(name, base string, s report.Spread) string {
	if name == base && s.N > 0 {
		return "1"
	}
	return ratioText(s)
}

// ratioText writes a ratio, with its quartiles if there are any.
func ratioText(s report.Spread) string {
	switch s.N {
	case 0:
		return "–"
	case 1:
		return fmt.Sprintf("%.2f", s.Median)
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Q1, s.Q3)
}

// format writes a figure.
func (m Metric) format(s report.Spread) string {
	if s.N == 0 {
		return "–"
	}
	v := s.Median
	switch {
	case m == Slowest || m == Fastest:
		return fmt.Sprintf("%.2f", v)
	case m == Syscalls && v < 0.1:
		return fmt.Sprintf("%.3f", v)
	}
	return number(v)
}

// number writes three digits or more.
func number(v float64) string {
	switch {
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || v <= -10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// title names the table that a group belongs to.
func (g *Group) title() string {
	c := g.Cell()
	what := c.Key().what()
	where := "server alone on one CPU"
	if c.Spin {
		where += ", load polling on another"
	}
	if c.Layout == "two" {
		where = "server and load share two CPUs"
	}
	return what + ": " + where
}

// tables returns the tables of all groups: those that differ in connections
// alone have one together.
func tables(groups []*Group) (tables []table) {
	for _, g := range groups {
		t := g.title()
		if n := len(tables); n == 0 || tables[n-1].title != t {
			tables = append(tables, table{title: t, columns: columns(g.Cell().Unit)})
		}
		last := &tables[len(tables)-1]
		last.addGroup(g)
	}
	return tables
}

func (t *table) addGroup(g *Group) {
	conns := g.Key().Conns
	for _, line := range g.machine() {
		if !slices.Contains(t.machine, line) {
			t.machine = append(t.machine, line)
		}
	}
	rows := g.Rows()
	for i := range rows {
		t.rows = append(t.rows, rows[i].fields(conns))
	}
	for _, remark := range g.Remarks() {
		t.remarks = append(t.remarks, plural(conns, "connection")+": "+remark)
	}
}

// idleTable shows an idle cell.
func (r *Result) idleTable(c *IdleCell) table {
	t := table{
		machine: r.machine(c.Host),
		title:   fmt.Sprintf("idle: %s, one active; %s", plural(c.Conns, "connection"), layoutText(c.Layout)),
		columns: []string{"server", "RSS at start MiB", "RSS bytes/conn", "× std", "× C", "kernel bytes/conn", "× std", "× C",
			"active p50 µs", "× std", "active p99 µs", "× std", "× C", "CPU % while idle"},
	}
	std, ceiling := c.find(Std), c.find(Ceiling)
	for i := range c.Servers {
		s := &c.Servers[i]
		if s.Failed != "" {
			if !s.Unsupported {
				t.remarks = append(t.remarks, s.Name+" failed: "+oneLine(s.Failed))
			}
			continue
		}
		abs := func(f func(IdleRound) float64) text { return text{s: number(report.NewSpread(s.values(f)).Median)} }
		toStd := func(f func(IdleRound) float64) text {
			r := s.ratio(std, f)
			return text{ratioOf(s.Name, Std, r), isUring(s.Name) && CPU.worse(r)}
		}
		toC := func(f func(IdleRound) float64) text { return text{s: ratioOf(s.Name, Ceiling, s.ratio(ceiling, f))} }
		t.rows = append(t.rows, []text{
			{s: s.Name}, abs(func(r IdleRound) float64 { return float64(r.Before.RSS) / (1 << 20) }),
			abs(IdleRound.RSSPerConn), toStd(IdleRound.RSSPerConn), toC(IdleRound.RSSPerConn),
			abs(IdleRound.KernelPerConn), toStd(IdleRound.KernelPerConn), toC(IdleRound.KernelPerConn),
			abs(idleP50), toStd(idleP50), abs(idleP99), toStd(idleP99), toC(idleP99), abs(idleCPU),
		})
	}
	t.remarks = append(t.remarks,
		"Kernel bytes are the growth of Slab (/proc/meminfo) and of TCP buffers (/proc/net/sockstat) of the whole machine: both ends of each connection and the load's epoll are in them, alike for every server.")
	return t
}

// targetTable shows verdicts.
func (r *Result) targetTable(verdicts []Verdict) table {
	t := table{title: "Targets", machine: r.machines(), columns: []string{"where", "wanted", "measured (of several cells, the worst)", "cells", ""}}
	for i := range verdicts {
		v := &verdicts[i]
		state := v.State()
		if v.Bad() && v.Cells > 1 {
			state = fmt.Sprintf("%s in %d of %d", state, len(v.Missed), v.Cells)
		}
		t.rows = append(t.rows, []text{
			{s: v.Where}, {s: v.Wanted}, {s: ratioText(v.Got)}, {s: fmt.Sprint(v.Cells)}, {state, v.Bad()},
		})
		if v.Cells > 1 {
			for _, m := range v.Missed {
				t.remarks = append(t.remarks, v.Wanted+" missed: "+m)
			}
		}
	}
	return t
}

// hostLines say where and how everything was measured.
func (r *Result) hostLines() (lines []string) {
	for _, h := range r.Hosts {
		lines = append(lines, h.Command, h.Line()+"; "+h.Time.Format("2006-01-02 15:04 MST"), "system calls: "+h.Syscalls)
	}
	return lines
}

// legend explains the tables.
const legend = "Servers are processes of their own and take turns; × std and × C are medians of the ratios to std net and to " +
	"the C liburing server in the same round, with quartiles in parentheses. System calls and the shares of the slowest and the " +
	"fastest connection (multiples of the mean) are one figure for a cell. Latencies are medians over the slices. " +
	"What is worse than std for the engine (uring, events, fasthttp-uring) is red."
