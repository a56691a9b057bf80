package suite

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"math"
	"slices"

	"github.com/uringnet/go-uringnet/internal/bench/report"
)

// The plots' measures, in pixels.
const (
	nameWidth  = 118
	panelWidth = 150
	panelGap   = 62 // room for a panel's numbers
	rowHeight  = 17
	headHeight = 24
)

// class is the CSS class of a server's marks.
func class(name string) string {
	switch {
	case name == Std:
		return "std"
	case name == Ceiling || name == "c-epoll":
		return "c"
	case isUring(name):
		return "us"
	}
	return "peer"
}

// axis maps values to pixels.
type axis struct {
	lo, hi float64
	log    bool
}

func (a axis) x(v float64) float64 {
	lo, hi := a.lo, a.hi
	if a.log {
		v, lo, hi = math.Log(max(v, 1e-9)), math.Log(lo), math.Log(hi)
	}
	if hi <= lo {
		return 0
	}
	return panelWidth * min(1, max(0, (v-lo)/(hi-lo)))
}

// ratioAxis holds every ratio from 0.1 to 10, and 1.
func ratioAxis(spreads []report.Spread) axis {
	a := axis{lo: .5, hi: 2, log: true}
	for _, s := range spreads {
		if s.N > 0 {
			a.lo, a.hi = min(a.lo, max(s.Q1, .1)), max(a.hi, min(s.Q3, 10))
		}
	}
	return a
}

// plotGroup draws a group: a row for each server, a panel for each figure.
func plotGroup(w io.Writer, g *Group) {
	rows := g.Rows()
	unit := g.Cell().Unit
	height := headHeight + rowHeight*len(rows) + 4
	fmt.Fprintf(w, `<svg viewBox="0 0 %d %d" width="%d" role="img" aria-label="%s">`,
		nameWidth+5*(panelWidth+panelGap), height, nameWidth+5*(panelWidth+panelGap), html.EscapeString(g.Key().String()))
	for i := range rows {
		fmt.Fprintf(w, `<text x="0" y="%d" class="%s">%s</text>`, rowY(i)+13, class(rows[i].Server), html.EscapeString(rows[i].Server))
		if rows[i].Failed != "" {
			fmt.Fprintf(w, `<text x="%d" y="%d" class="bad">failed</text>`, nameWidth, rowY(i)+13)
		}
	}
	bars(w, rows, 0, unit+"/s", Throughput)
	bars(w, rows, 1, "CPU µs/"+unit, CPU)
	latencies(w, rows, 2)
	dots(w, rows, 3, g.Score(), Std)
	dots(w, rows, 4, g.Score(), Ceiling)
	io.WriteString(w, "</svg>\n")
}

func rowY(i int) int { return headHeight + rowHeight*i }

// panelX is where a panel begins.
func panelX(panel int) int { return nameWidth + panel*(panelWidth+panelGap) }

func heading(w io.Writer, panel int, s string) {
	fmt.Fprintf(w, `<text x="%d" y="13" class="head">%s</text>`, panelX(panel), html.EscapeString(s))
}

// barAxis holds every bar, but for those that would leave no room for others:
// they are cut off.
func barAxis(rows []Row, m Metric) (a axis) {
	var medians []float64
	for i := range rows {
		if s := rows[i].Figures[m].Abs; s.N > 0 {
			medians = append(medians, s.Median)
			a.hi = max(a.hi, s.Q3)
		}
	}
	const most = 5 // of the median bar
	a.hi = min(a.hi, most*report.NewSpread(medians).Median)
	return a
}

// bars draws a figure from zero, with its quartiles.
func bars(w io.Writer, rows []Row, panel int, title string, m Metric) {
	heading(w, panel, title)
	a := barAxis(rows, m)
	x0 := float64(panelX(panel))
	for i := range rows {
		s := rows[i].Figures[m].Abs
		if s.N == 0 {
			continue
		}
		y := rowY(i)
		fmt.Fprintf(w, `<rect x="%.0f" y="%d" width="%.1f" height="%d" class="%s"/>`, x0, y+3, a.x(s.Median), rowHeight-5, class(rows[i].Server))
		errorBar(w, x0, a, s, y)
		fmt.Fprintf(w, `<text x="%.1f" y="%d" class="num">%s</text>`, x0+max(a.x(s.Median), a.x(s.Q3))+4, y+13, m.format(s))
	}
}

// errorBar draws the quartiles.
func errorBar(w io.Writer, x0 float64, a axis, s report.Spread, y int) {
	if s.N > 1 {
		fmt.Fprintf(w, `<path d="M%.1f %dv6m0 -3H%.1fm0 -3v6" class="err"/>`, x0+a.x(s.Q1), y+6, x0+a.x(s.Q3))
	}
}

// latencies draws the percentiles on a logarithmic axis, which has a tick at
// each power of ten.
func latencies(w io.Writer, rows []Row, panel int) {
	heading(w, panel, "p50 ● p99 ◆ p99.9 ▏ µs, log")
	a := axis{lo: math.Inf(1), log: true}
	for i := range rows {
		for _, m := range []Metric{P50, P99, P999} {
			if s := rows[i].Figures[m].Abs; s.N > 0 {
				a.lo, a.hi = min(a.lo, s.Median), max(a.hi, s.Median)
			}
		}
	}
	if a.hi == 0 {
		return
	}
	a.hi = max(a.hi, a.lo*1.1)
	x0 := float64(panelX(panel))
	for tick := math.Pow(10, math.Ceil(math.Log10(a.lo))); tick <= a.hi; tick *= 10 {
		fmt.Fprintf(w, `<path d="M%.1f %dV%d" class="grid"/>`, x0+a.x(tick), headHeight, rowY(len(rows)))
	}
	for i := range rows {
		f := &rows[i].Figures
		if f[P50].Abs.N == 0 {
			continue
		}
		c, y := class(rows[i].Server), rowY(i)+8
		p50, p99, p999 := x0+a.x(f[P50].Abs.Median), x0+a.x(f[P99].Abs.Median), x0+a.x(f[P999].Abs.Median)
		fmt.Fprintf(w, `<path d="M%.1f %dH%.1fm0 -5v10" class="err"/>`, p50, y, p999)
		fmt.Fprintf(w, `<circle cx="%.1f" cy="%d" r="3.5" class="%s"/>`, p50, y, c)
		fmt.Fprintf(w, `<path d="M%.1f %dl4.5 4.5l-4.5 4.5l-4.5 -4.5z" class="%s"/>`, p99, y-4, c)
		fmt.Fprintf(w, `<text x="%.1f" y="%d" class="num">%s</text>`, max(p50, p99, p999)+5, y+5, P99.format(f[P99].Abs))
	}
}

// dots draws ratios on a logarithmic axis around 1.
func dots(w io.Writer, rows []Row, panel int, m Metric, base string) {
	spreads := make([]report.Spread, len(rows))
	bad := make([]bool, len(rows))
	for i := range rows {
		if base == Std {
			spreads[i] = rows[i].Figures[m].Std
			bad[i] = isUring(rows[i].Server) && m.worse(spreads[i])
		} else {
			spreads[i] = rows[i].Figures[m].Ceiling
		}
	}
	name := map[string]string{Std: "std", Ceiling: "C"}[base]
	heading(w, panel, metrics[m].name+" × "+name)
	dotRows(w, panelX(panel), headHeight, spreads, bad, func(i int) string { return class(rows[i].Server) })
}

// dotRows draws a ratio in each row, and the line at 1.
func dotRows(w io.Writer, left, top int, spreads []report.Spread, bad []bool, class func(int) string) {
	a := ratioAxis(spreads)
	x0 := float64(left)
	fmt.Fprintf(w, `<path d="M%.1f %dV%d" class="one"/>`, x0+a.x(1), top, top+rowHeight*len(spreads))
	for i, s := range spreads {
		if s.N == 0 {
			continue
		}
		y := top + rowHeight*i
		errorBar(w, x0, a, s, y)
		mark, num := class(i), "num"
		if bad[i] {
			mark, num = "bad", "num bad"
		}
		fmt.Fprintf(w, `<circle cx="%.1f" cy="%d" r="4" class="%s"/>`, x0+a.x(s.Median), y+9, mark)
		fmt.Fprintf(w, `<text x="%.1f" y="%d" class="%s">%.2f</text>`, x0+max(a.x(s.Q3), a.x(s.Median))+7, y+13, num, s.Median)
	}
}

// SVG draws the ratios of uringnet in every cell, as a picture for a page.
func (r *Result) SVG() []byte {
	var b bytes.Buffer
	plotSummary(&b, r.Groups(), Subject)
	head, rest, found := bytes.Cut(b.Bytes(), []byte(">"))
	if !found {
		return nil
	}
	root := bytes.Replace(head, []byte("<svg "), []byte(`<svg xmlns="http://www.w3.org/2000/svg" `), 1)
	return slices.Concat(root, []byte("><style>"+style+"</style>"), rest)
}

// plotSummary draws one server's ratios in every group.
func plotSummary(w io.Writer, groups []*Group, server string) {
	const label, width = 330, 330 + 2*(panelWidth+panelGap)
	var shown []*Group
	var std, ceiling []report.Spread
	var bad []bool
	for _, g := range groups {
		m := g.Score()
		s, c := g.Ratio(m, server, Std), g.Ratio(m, server, Ceiling)
		if m == CPU { // more is better in this plot
			s, c = inverse(s), inverse(c)
		}
		if s.N == 0 && c.N == 0 {
			continue
		}
		shown = append(shown, g)
		std, ceiling, bad = append(std, s), append(ceiling, c), append(bad, Throughput.worse(s))
	}
	if len(shown) == 0 {
		return
	}
	fmt.Fprintf(w, `<svg viewBox="0 0 %d %d" width="%d" role="img" aria-label="%s in every cell">`, width, headHeight+rowHeight*len(shown)+4, width, server)
	fmt.Fprintf(w, `<text x="0" y="13" class="head">%s</text>`, html.EscapeString(server))
	fmt.Fprintf(w, `<text x="%d" y="13" class="head">× std</text><text x="%d" y="13" class="head">× C</text>`, label, label+panelWidth+panelGap)
	for i, g := range shown {
		text := g.Key().String()
		if g.Score() == CPU {
			text += " (1 / CPU)"
		}
		fmt.Fprintf(w, `<text x="0" y="%d">%s</text>`, rowY(i)+13, html.EscapeString(text))
	}
	us := func(int) string { return "us" }
	dotRows(w, label, headHeight, std, bad, us)
	dotRows(w, label+panelWidth+panelGap, headHeight, ceiling, make([]bool, len(shown)), us)
	io.WriteString(w, "</svg>\n")
}
