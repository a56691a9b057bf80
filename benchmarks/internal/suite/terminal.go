package suite

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Terminal prints what a terminal has room for, as cells come in.
type Terminal struct {
	W     io.Writer
	Color bool
	title string
}

// kept are the columns that are printed of a group's table.
var kept = []int{
	0, 1,
	col(Throughput), col(Throughput) + 1, col(Throughput) + 2, col(CPU), col(CPU) + 1, col(Syscalls),
	col(P50), col(P50) + 1, col(P99), col(P99) + 1, col(P999), col(P999) + 1, col(Slowest), col(Fastest),
}

// col is where the columns of a metric begin.
func col(m Metric) int { return 2 + 3*int(m) }

// Group prints a group.
func (p *Terminal) Group(g *Group) {
	t := tables([]*Group{g})[0]
	pick(&t)
	if t.title == p.title {
		t.title, t.columns = "", nil
	} else {
		p.title = t.title
	}
	p.print(&t)
}

// pick leaves the columns of kept.
func pick(t *table) {
	var columns []string
	for _, i := range kept {
		columns = append(columns, t.columns[i])
	}
	t.columns = columns
	for j, row := range t.rows {
		var fields []text
		for _, i := range kept {
			fields = append(fields, row[i])
		}
		t.rows[j] = fields
	}
}

// Idle prints an idle cell.
func (p *Terminal) Idle(r *Result, c *IdleCell) {
	t := r.idleTable(c)
	p.title = ""
	p.print(&t)
}

// Targets prints the verdicts on what was measured.
func (p *Terminal) Targets(r *Result) {
	var measured []Verdict
	for _, v := range r.Verdicts() {
		if v.Cells > 0 {
			measured = append(measured, v)
		}
	}
	t := r.targetTable(measured)
	p.title = ""
	p.print(&t)
}

func (p *Terminal) print(t *table) {
	widths := make([]int, max(len(t.columns), len(kept)))
	rows := t.rows
	if t.title != "" {
		fmt.Fprintf(p.W, "\n%s\n", t.title)
		for _, line := range t.machine {
			fmt.Fprintln(p.W, line)
		}
		var head []text
		for _, c := range t.columns {
			head = append(head, text{s: c})
		}
		rows = append([][]text{head}, rows...)
	}
	for _, row := range rows {
		for i, f := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(f.s), minWidth(i))
		}
	}
	for _, row := range rows {
		for i, f := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(f.s))
			s := f.s
			if f.bad && p.Color {
				s = "\x1b[31m" + s + "\x1b[0m"
			}
			fmt.Fprint(p.W, s, pad, "  ")
		}
		fmt.Fprintln(p.W)
	}
	for _, r := range t.remarks {
		fmt.Fprintln(p.W, "   ", r)
	}
}

// minWidth keeps the tables of several cells aligned.
func minWidth(column int) int {
	switch column {
	case 0:
		return 5
	case 1:
		return 15
	}
	return 9
}
