package report

import (
	"fmt"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// Row is one server in one cell, beside the first server of the cell. Ratios
// are of pairs of neighbouring slices; a latency's absolute figure is that of
// all slices together.
type Row struct {
	Server             string
	Base               bool // this is the server that others are compared with
	PerSecond          Spread
	Throughput         Spread // ratio
	CPUPerReq          Spread // microseconds
	CPU                Spread // ratio
	KernelShare        float64
	SwitchesPerReq     float64
	SyscallsPerReq     *float64
	P50, P99           time.Duration
	P50Ratio, P99Ratio Spread
	Slowest, Fastest   float64
	IdleCPU            float64
}

// Rows returns a row for each server of a cell.
func Rows(c measure.Cell) []Row {
	var rows []Row
	for i := range c.Servers {
		rows = append(rows, newRow(&c.Servers[i], &c.Servers[0], i == 0))
	}
	return rows
}

func newRow(s, base *measure.Server, isBase bool) Row {
	r := Row{
		Server: s.Name, Base: isBase, SyscallsPerReq: s.SyscallsPerReq,
		P50: time.Duration(s.P50), P99: time.Duration(s.P99),
		Slowest: s.Slowest, Fastest: s.Fastest, IdleCPU: s.IdleCPU,
	}
	ratio := func(f func(measure.Slice) float64) (abs, rel Spread) {
		a, b := each(s, f), each(base, f)
		return NewSpread(a), NewSpread(Ratios(a, b))
	}
	r.PerSecond, r.Throughput = ratio(measure.Slice.PerSecond)
	r.CPUPerReq, r.CPU = ratio(func(s measure.Slice) float64 { return s.CPUPerReq() / 1e3 })
	_, r.P50Ratio = ratio(func(s measure.Slice) float64 { return float64(s.P50) })
	_, r.P99Ratio = ratio(func(s measure.Slice) float64 { return float64(s.P99) })
	r.sums(s)
	return r
}

// sums fills the figures that are over all slices together.
func (r *Row) sums(s *measure.Server) {
	if ticks := s.User + s.Kernel; ticks > 0 {
		r.KernelShare = float64(s.Kernel) / float64(ticks)
	}
	var total, switches uint64
	for _, slice := range s.Slices {
		total += slice.Total
		switches += slice.Switches
	}
	if total > 0 {
		r.SwitchesPerReq = float64(switches) / float64(total)
	}
}

func each(s *measure.Server, f func(measure.Slice) float64) []float64 {
	usable := s.Usable()
	values := make([]float64, len(usable))
	for i, slice := range usable {
		values[i] = f(slice)
	}
	return values
}

// columns are the headings of a table, in the order of Row.cells.
var columns = []string{
	"conns", "server", "req/s", "x", "CPU us/req", "CPU x", "kernel", "switches/req", "syscalls/req",
	"p50 us", "p50 x", "p99 us", "p99 x", "slowest-fastest",
}

// cells writes the row, a string for each of columns.
func (r *Row) cells(conns int) []string {
	syscalls := "n/a"
	if r.SyscallsPerReq != nil {
		syscalls = fmt.Sprintf("%.2f", *r.SyscallsPerReq)
	}
	return []string{
		fmt.Sprint(conns), r.Server,
		fmt.Sprintf("%.0f", r.PerSecond.Median), r.ratio(r.Throughput),
		fmt.Sprintf("%.2f", r.CPUPerReq.Median), r.ratio(r.CPU),
		fmt.Sprintf("%.0f %%", 100*r.KernelShare), fmt.Sprintf("%.2f", r.SwitchesPerReq), syscalls,
		micros(r.P50), r.ratio(r.P50Ratio), micros(r.P99), r.ratio(r.P99Ratio),
		fmt.Sprintf("%.2f-%.2f", r.Slowest, r.Fastest),
	}
}

// ratio leaves the base's ratios to itself out.
func (r *Row) ratio(s Spread) string {
	if r.Base {
		return "1"
	}
	return s.String()
}

func micros(d time.Duration) string {
	us := float64(d) / 1e3
	if us < 100 {
		return fmt.Sprintf("%.1f", us)
	}
	return fmt.Sprintf("%.0f", us)
}
