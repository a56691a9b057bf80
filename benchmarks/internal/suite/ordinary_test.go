package suite

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// rateCell is a cell at a constant rate, of which uring serves a part.
func rateCell(workload string, reached float64) Cell {
	c := cell("rate", workload, 20, server("std", 1), server("uring", 1.5))
	c.Paced, c.Rate, c.Share, c.Saturated = true, 1000, .25, 4000
	for i := range c.Servers {
		for j := range c.Servers[i].Slices {
			s := &c.Servers[i].Slices[j]
			s.Due, s.Late = 1000, 7*time.Microsecond
			s.Requests = 1000
			if i == 1 {
				s.Requests = uint64(1000 * reached)
			}
			s.Total, s.CPU = 1000, time.Duration(2-i)*time.Millisecond
		}
	}
	return c
}

func TestRatesAreToldOf(t *testing.T) {
	for _, tt := range []struct {
		reached float64
		missed  bool
	}{{1, false}, {.99, false}, {.9, true}} {
		r := Result{Cells: []Cell{rateCell("http hello, 25 %", tt.reached)}}
		text := strings.Join(r.Groups()[0].Remarks(), "\n")
		for _, want := range []string{"1000/s were due on each server: 25 % of the 4000/s", "std 7, uring 7"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		if got := strings.Contains(text, "uring did not reach the rate: 90 %"); got != tt.missed {
			t.Errorf("%v reached: %s", tt.reached, text)
		}
	}
}

func TestRateTargetsJudgeEveryShare(t *testing.T) {
	r := Result{Cells: []Cell{rateCell("http hello, 5 %", 1), rateCell("http hello, 75 %", 1), rateCell("echo 64 B, 25 %", 1)}}
	r.Cells[1].Servers[1] = server("uring", .5)
	for _, v := range r.Verdicts() {
		if v.Where != "rate http hello" {
			continue
		}
		if v.Cells != 2 || len(v.Missed) != 1 || !strings.Contains(v.Missed[0], "75 %") {
			t.Errorf("%s: %+v", v.Wanted, v)
		}
	}
}

// TestEveryOtherCell has a cell that a target of its own allows more.
func TestEveryOtherCell(t *testing.T) {
	slower := cell("company", "echo 64 B and fsync, 25 %", 100, server("std", 1), server("uring", .97)) // p99 is 1.03
	r := Result{Cells: []Cell{slower}}
	for _, v := range r.Verdicts() {
		switch {
		case v.Where == "company echo 64 B and fsync" && v.State() != "met":
			t.Errorf("its own target: %+v", v)
		case v.Where == "every other cell" && strings.HasPrefix(v.Wanted, "p99") && v.Cells != 0:
			t.Errorf("judged as another cell: %+v", v)
		}
	}
}

func TestTargetsOfEvents(t *testing.T) {
	paced := cell("ingest", "60k/s", 1000, server("std", 1), server("uring", 1.3), server("events", 1.6))
	c := cell("echo", "64 B", 16, server("std", 1), server("uring", 1.3), server("events", 1.2), server("c-uring", 1.5))
	c.Layout = measure.LayoutOne
	states := map[string]string{}
	for _, v := range (&Result{Cells: []Cell{paced, c}}).Verdicts() {
		states[v.Where+"; "+v.Wanted] = v.State()
	}
	for key, want := range map[string]string{
		"ingest 60k/s; CPU to std at most 0.85":                "met",
		"ingest 60k/s; events: CPU to std at most 0.60":        "missed",
		"echo, one CPU; events: throughput to C at least 0.90": "missed",
	} {
		if states[key] != want {
			t.Errorf("%s: %q, want %q", key, states[key], want)
		}
	}
}

// TestTablesNameTheMachine looks for a line of each host, in every form.
func TestTablesNameTheMachine(t *testing.T) {
	other := host
	other.Commit = "def"
	r := sample()
	r.Merge(&Result{Hosts: []measure.Host{other}, Cells: []Cell{cell("echo", "1 KiB", 1, server("std", 1), server("uring", 1))}})
	const want = "2 CPUs (abacus); null system call 123 ns; kernel 6.1; go1; TCP congestion control reno; commit "
	for i, table := range append(r.tables(), r.targetTable(r.Verdicts()), r.summaryTable()) {
		lines := []string{want + "abc"}
		switch {
		case strings.HasPrefix(table.title, "echo 1 KiB"):
			lines = []string{want + "def"}
		case table.title == "Targets" || strings.HasPrefix(table.title, "Summary"):
			lines = append(lines, want+"def")
		}
		if !slices.Equal(table.machine, lines) {
			t.Errorf("table %d, %s: %q", i, table.title, table.machine)
		}
		var md, html, terminal bytes.Buffer
		table.markdown(&md)
		table.html(&html)
		(&Terminal{W: &terminal}).print(&table)
		for _, b := range []*bytes.Buffer{&md, &html, &terminal} {
			for _, line := range lines {
				if !strings.Contains(b.String(), line) {
					t.Errorf("no %q in\n%s", line, b)
				}
			}
		}
	}
	var b bytes.Buffer
	p := Terminal{W: &b}
	p.Group(r.Groups()[0])
	if !strings.Contains(b.String(), want) {
		t.Errorf("no machine in\n%s", b.String())
	}
}
