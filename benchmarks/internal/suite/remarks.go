package suite

import (
	"fmt"
	"strings"

	"github.com/uringnet/go-uringnet/internal/bench/report"
)

// Shares of a CPU that are worth a remark, as in package report.
const (
	busyIdle  = 0.03
	muchSteal = 0.1
)

// Remarks are what is to be known of a group besides its figures.
func (g *Group) Remarks() (remarks []string) {
	for _, c := range g.cells {
		if c.Remark != "" {
			remarks = append(remarks, c.Remark)
		}
		remarks = append(remarks, rate(c)...)
		for i := range c.Servers {
			s := &c.Servers[i]
			switch {
			case s.Unsupported:
			case s.Failed != "":
				remarks = append(remarks, fmt.Sprintf("%s failed: %s", s.Name, oneLine(s.Failed)))
			case s.Parked:
				remarks = append(remarks, s.Name+" was stopped (SIGSTOP) between its turns: it uses CPU time when it has nothing to do")
			case s.IdleCPU > busyIdle:
				remarks = append(remarks, fmt.Sprintf("%s took %.0f %% of a CPU while it had nothing to do", s.Name, 100*s.IdleCPU))
			}
		}
		remarks = append(remarks, disturbance(c)...)
	}
	return remarks
}

// nearly is the share of a rate that counts as reached: what is under way at the
// end of a slice is missing.
const nearly = 0.98

// rate says what a constant rate was, who did not reach it, and how late the load
// itself was.
func rate(c *Cell) (remarks []string) {
	if c.Rate == 0 {
		return nil
	}
	remarks = append(remarks, fmt.Sprintf("%.0f/s were due on each server: %.0f %% of the %.0f/s that std served in a closed loop; slices of %v",
		c.Rate, 100*c.Share, c.Saturated, c.Slice))
	var late []string
	for i := range c.Servers {
		s := &c.Servers[i]
		if s.Failed != "" {
			continue
		}
		var reached, lates []float64
		for _, slice := range s.Usable() {
			reached, lates = append(reached, slice.Reached()), append(lates, float64(slice.Late)/1e3)
		}
		if m := report.NewSpread(reached).Median; m < nearly {
			remarks = append(remarks, fmt.Sprintf("%s did not reach the rate: %.0f %% of what was due was answered in time", s.Name, 100*m))
		}
		late = append(late, fmt.Sprintf("%s %.0f", s.Name, report.NewSpread(lates).Median))
	}
	return append(remarks, "p99 of how late the load itself sent, µs: "+strings.Join(late, ", "))
}

// disturbance says what else ran while a cell was measured.
func disturbance(c *Cell) (remarks []string) {
	for i := range c.Servers {
		s := &c.Servers[i]
		if s.Failed != "" {
			continue
		}
		all, used := len(s.Slices), len(s.Usable())
		switch {
		case s.Clean() == nil:
			remarks = append(remarks, fmt.Sprintf("other processes took %.0f %% of a CPU, in nearly all of %d rounds: do not trust this cell",
				100*c.Others, all))
		case used < all:
			remarks = append(remarks, fmt.Sprintf("%d rounds of %d left out: other processes took too much of the machine (%.0f %% of a CPU in all)",
				all-used, all, 100*c.Others))
		}
		break // it is the same for all
	}
	if c.Steal > muchSteal {
		remarks = append(remarks, fmt.Sprintf("the host of this virtual machine took %.0f %% of a CPU", 100*c.Steal))
	}
	return remarks
}

// oneLine shortens a text to what fits a line.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + " ..."
	}
	return s
}
