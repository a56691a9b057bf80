package main

import "fmt"

// Verdict is what a load says of uringnet on this machine.
type Verdict string

// The verdicts.
const (
	WorthIt     Verdict = "worth it"
	NoGain      Verdict = "no gain here"
	CostsMore   Verdict = "costs more here"
	Uncertain   Verdict = "not certain"
	NotMeasured Verdict = "not measured"
)

const (
	// worthy is by how much of std's CPU time for a request uringnet has to differ
	// for that to be a gain or a cost.
	worthy = 0.05
	// worthyP99 is the same for p99, which is noisier: from there on it is told.
	worthyP99 = 0.1
	// enoughPairs is from how many pairs of turns on quartiles say something.
	enoughPairs = 3
)

// judge says what ratios of uringnet to std mean: CPU time for each request decides,
// p99 is told besides. Disturbed is whether other processes took much of the machine
// most of the time.
func judge(cpu, p99 Ratio, disturbed bool) (Verdict, string) {
	if cpu.Pairs == 0 || cpu.Median <= 0 {
		return NotMeasured, string(NotMeasured)
	}
	verdict, why := weigh(cpu)
	if disturbed {
		verdict, why = Uncertain, why+", on a machine that other processes keep busy"
	}
	return verdict, fmt.Sprintf("%s: %s; %s", verdict, why, tail(p99))
}

// weigh judges the CPU time.
func weigh(cpu Ratio) (Verdict, string) {
	share := fmt.Sprintf("%.2f of the CPU", cpu.Median)
	spread := fmt.Sprintf("%s (%.2f to %.2f)", share, cpu.Q1, cpu.Q3)
	differs := cpu.Median <= 1-worthy || cpu.Median >= 1+worthy
	switch {
	case cpu.Pairs < enoughPairs:
		return Uncertain, fmt.Sprintf("%s, of %d pair(s): too few to say; -slices 6 or more", share, cpu.Pairs)
	case crosses(cpu) && differs:
		return Uncertain, spread + ": the spread crosses 1; -slices 30 says more"
	case crosses(cpu):
		return NoGain, spread + ": the spread crosses 1"
	case !differs:
		return NoGain, spread
	case cpu.Median < 1:
		return WorthIt, spread
	}
	return CostsMore, spread
}

// crosses is whether std's own figure is within the quartiles.
func crosses(r Ratio) bool { return r.Q1 <= 1 && r.Q3 >= 1 }

// tail tells of p99.
func tail(p99 Ratio) string {
	what := "the same"
	switch {
	case p99.Pairs < enoughPairs:
		return "p99 unknown"
	case crosses(p99):
		return fmt.Sprintf("p99 no different: %.2f of std's (%.2f to %.2f), which crosses 1", p99.Median, p99.Q1, p99.Q3)
	case p99.Median <= 1-worthyP99:
		what = "shorter"
	case p99.Median >= 1+worthyP99:
		what = "longer"
	}
	return fmt.Sprintf("p99 %s: %.2f of std's (%.2f to %.2f)", what, p99.Median, p99.Q1, p99.Q3)
}
