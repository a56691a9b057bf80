package main

import (
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

func TestJudge(t *testing.T) {
	even := Ratio{1, .98, 1.02, 6}
	for _, tt := range []struct {
		cpu, p99  Ratio
		disturbed bool
		verdict   Verdict
		words     string
	}{
		{Ratio{.8, .78, .82, 6}, Ratio{.7, .6, .8, 6}, false, WorthIt,
			"worth it: 0.80 of the CPU (0.78 to 0.82); p99 shorter: 0.70 of std's (0.60 to 0.80)"},
		{Ratio{.95, .94, .96, 6}, Ratio{1.3, 1.2, 1.4, 6}, false, WorthIt,
			"worth it: 0.95 of the CPU (0.94 to 0.96); p99 longer: 1.30 of std's (1.20 to 1.40)"},
		{Ratio{.97, .96, .98, 6}, Ratio{.95, .93, .97, 6}, false, NoGain,
			"no gain here: 0.97 of the CPU (0.96 to 0.98); p99 the same: 0.95 of std's (0.93 to 0.97)"},
		{Ratio{1.01, .97, 1.04, 6}, even, false, NoGain,
			"no gain here: 1.01 of the CPU (0.97 to 1.04): the spread crosses 1; p99 no different: 1.00 of std's (0.98 to 1.02), which crosses 1"},
		{Ratio{.9, .8, 1.1, 6}, even, false, Uncertain, "not certain: 0.90 of the CPU (0.80 to 1.10): the spread crosses 1; -slices 30 says more;"},
		{Ratio{1.2, .9, 1.3, 6}, even, false, Uncertain, "not certain: 1.20 of the CPU (0.90 to 1.30): the spread crosses 1;"},
		{Ratio{1.1, 1.05, 1.2, 6}, even, false, CostsMore, "costs more here: 1.10 of the CPU (1.05 to 1.20);"},
		{Ratio{1.03, 1.01, 1.04, 6}, even, false, NoGain, "no gain here: 1.03 of the CPU (1.01 to 1.04);"},
		{Ratio{.5, .5, .5, 1}, Ratio{.5, .5, .5, 1}, false, Uncertain, "not certain: 0.50 of the CPU, of 1 pair(s): too few to say; -slices 6 or more; p99 unknown"},
		{Ratio{.8, .78, .82, 6}, even, true, Uncertain, "not certain: 0.80 of the CPU (0.78 to 0.82), on a machine that other processes keep busy;"},
		{Ratio{}, Ratio{}, false, NotMeasured, "not measured"},
	} {
		verdict, words := judge(tt.cpu, tt.p99, tt.disturbed)
		if verdict != tt.verdict || !strings.HasPrefix(words, tt.words) {
			t.Errorf("CPU %v, p99 %v: %q, %q\nwant %q, %q", tt.cpu, tt.p99, verdict, words, tt.verdict, tt.words)
		}
	}
}

// turns are those of a server that spends so much CPU time on each request.
func turns(name string, cpu time.Duration, answered, due uint64) measure.Server {
	s := measure.Server{Name: name, P50: 1000, P99: 2000}
	for range 4 {
		s.Slices = append(s.Slices, measure.Slice{
			Requests: answered, Total: due, Due: due, Length: time.Second, CPU: cpu * time.Duration(due), P50: 10, P99: 20,
		})
	}
	return s
}

func TestJudgedTakesFiguresFromTheCell(t *testing.T) {
	c := measure.Cell{Rate: 100, Servers: []measure.Server{
		turns("std", 10*time.Microsecond, 100, 100), turns("uringnet", 8*time.Microsecond, 90, 100),
	}}
	l := judged(kinds[1], c)
	if l.Verdict != WorthIt || l.CPU.Median != .8 || l.CPU.Pairs != 4 || l.RatePerSecond != 100 || l.Share != quarter {
		t.Errorf("%+v", l)
	}
	if want := (Figures{PerSecond: 100, CPUUs: 10, P50Us: 1, P99Us: 2}); l.Std != want {
		t.Errorf("std %+v, want %+v", l.Std, want)
	}
	if len(l.Notes) != 1 || !strings.HasPrefix(l.Notes[0], "uringnet did not keep up") {
		t.Errorf("notes %q", l.Notes)
	}
	for i := range c.Servers[0].Slices {
		c.Servers[0].Slices[i].Disturbed = true
	}
	if l := judged(kinds[1], c); l.Verdict != Uncertain {
		t.Errorf("disturbed all the time: %q", l.Words)
	}
}
