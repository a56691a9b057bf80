package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3, 1}},
		{[]float64{4, 2}, Spread{2.5, 3, 3.5, 2}},
		{[]float64{5, 1, 4, 2, 3}, Spread{2, 3, 4, 5}},
	} {
		in := slices.Clone(tt.values)
		if got := NewSpread(in); got != tt.want {
			t.Errorf("NewSpread(%v) = %+v, want %+v", tt.values, got, tt.want)
		}
		if !slices.Equal(in, tt.values) {
			t.Errorf("NewSpread changed its argument to %v", in)
		}
	}
}

func TestRatios(t *testing.T) {
	got := Ratios([]float64{2, 5, 9, 1}, []float64{1, 0, 3})
	if !slices.Equal(got, []float64{2, 3}) {
		t.Errorf("ratios %v", got)
	}
	if s := NewSpread(nil).String(); s != "n/a" {
		t.Errorf("spread of nothing: %q", s)
	}
}

// cell has a server that does twice the work of the base in each pair, on a
// machine whose speed drifts.
func cell() measure.Cell {
	c := measure.Cell{Proto: "echo", Layout: measure.LayoutOne, Conns: 16, Size: 64, Slice: time.Second}
	base, other := measure.Server{Name: "std", P50: 2000, P99: 9000}, measure.Server{Name: "uring", P50: 1000, P99: 3000}
	for _, speed := range []uint64{100, 300, 200} {
		slice := measure.Slice{Requests: speed, Total: speed, Length: time.Second, CPU: time.Second / 2, P50: 10, P99: 20}
		base.Slices = append(base.Slices, slice)
		slice.Requests, slice.Total = 2*speed, 2*speed
		other.Slices = append(other.Slices, slice)
	}
	c.Servers = []measure.Server{base, other}
	return c
}

func TestRowsComparePairByPair(t *testing.T) {
	rows := Rows(cell())
	if len(rows) != 2 || !rows[0].Base || rows[1].Base {
		t.Fatalf("rows %+v", rows)
	}
	r := rows[1]
	if want := (Spread{2, 2, 2, 3}); r.Throughput != want {
		t.Errorf("throughput ratio %+v, want %+v", r.Throughput, want)
	}
	if r.CPU.Median != .5 || r.PerSecond.Median != 400 || r.P99Ratio.Median != 1 {
		t.Errorf("CPU ratio %v, %v per second, p99 ratio %v", r.CPU.Median, r.PerSecond.Median, r.P99Ratio.Median)
	}
}

func TestMarkdownTableHasEvenRows(t *testing.T) {
	var b bytes.Buffer
	p := Printer{W: &b, Markdown: true}
	host := measure.Host{CPUModel: "abacus", NullCall: 123}
	p.Host(host)
	p.Cell(cell())
	p.Cell(cell()) // the same table: no second heading
	var rows int
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		rows++
		if n := strings.Count(line, "|"); n != len(columns)+1 {
			t.Errorf("row with %d bars, want %d: %s", n, len(columns)+1, line)
		}
	}
	if n := strings.Count(b.String(), host.Line()); n != 2 { // at the top, and over the table
		t.Errorf("the machine is named %d times:\n%s", n, b.String())
	}
	if rows != 2+4 {
		t.Errorf("%d rows:\n%s", rows, b.String())
	}
}

func TestWidthsMatchColumns(t *testing.T) {
	if len(widths) != len(columns) {
		t.Errorf("%d widths for %d columns", len(widths), len(columns))
	}
}
