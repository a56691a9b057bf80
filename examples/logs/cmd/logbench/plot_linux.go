package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/uringnet/go-uringnet/internal/bench/report"
)

// The plot's measures, in pixels.
const (
	plotWidth  = 760
	labelWidth = 270
	barWidth   = 360
	barHeight  = 18
	barGap     = 6
	panelGap   = 58
)

// panel is a figure of a workload, drawn as bars.
type panel struct {
	workload, title string
	f               figure
	scale           float64
	format          string
}

var panels = []panel{
	{"saturate", "stored at saturation, million logs/s (more is better)", rate, 1e-6, "%.2f"},
	{"single", "CPU at 60,000 single logs/s, microseconds a log (less is better)", cpu, 1, "%.2f"},
	{"batched", "CPU at 1,000,000 logs/s in batches, microseconds a log (less is better)", cpu, 1, "%.3f"},
	{"single", "p99 from due to acknowledged at 60,000 logs/s, ms (less is better)", p99, 1e-6, "%.2f"},
	{"group", "acknowledged after fdatasync, thousand logs/s (more is better)", rate, 1e-3, "%.1f"},
	{"group", "p99 from sent to acknowledged after fdatasync, ms (less is better)", p99, 1e-6, "%.1f"},
}

var colours = map[string]string{"epoll": "#9a9a9a", "std": "#5b8db8", "conns": "#3f9f6b", "events": "#d9822b", "events-std": "#c9b37a", "events-r1": "#a06cb0", "events-r3": "#7d4a8d"}

// plot draws the cells: bars from zero, medians with their quartiles.
func plot(cells []cell) []byte {
	var body bytes.Buffer
	y := 34
	for _, p := range panels {
		for i := range cells {
			if cells[i].Workload == p.workload {
				y = p.draw(&body, &cells[i], y)
			}
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Log servers compared" font-family="sans-serif" font-size="13">`+"\n", plotWidth, y)
	out.WriteString("<style>text{fill:#333}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>\n")
	out.Write(body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

// draw draws a panel whose title stands at y, and returns where the next stands.
func (p panel) draw(out *bytes.Buffer, c *cell, y int) int {
	fmt.Fprintf(out, `<text x="0" y="%d" font-weight="bold">%s</text>`+"\n", y, p.title)
	var top float64
	spreads := make([]report.Spread, len(c.Servers))
	for i := range c.Servers {
		spreads[i] = c.Servers[i].spread(p.f)
		top = max(top, spreads[i].Q3)
	}
	y += 10
	for i := range c.Servers {
		s, name := spreads[i], c.Servers[i].Name
		x := func(v float64) float64 { return labelWidth + barWidth*v/max(top, 1e-300) }
		mid := y + barHeight/2
		fmt.Fprintf(out, `<text x="0" y="%d">%s</text>`, mid+5, words(name))
		fmt.Fprintf(out, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, labelWidth, y, x(s.Median)-labelWidth, barHeight, colours[strings.Split(name, ":")[0]])
		fmt.Fprintf(out, `<path d="M%.1f %dH%.1f" stroke="#000" stroke-width="2" opacity=".55"/>`, x(s.Q1), mid, x(s.Q3))
		fmt.Fprintf(out, `<text x="%.1f" y="%d">`+p.format+"</text>\n", x(max(s.Median, s.Q3))+8, mid+5, s.Median*p.scale)
		y += barHeight + barGap
	}
	return y + panelGap - barHeight
}
