package main

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/report"
)

// columns of every table.
var columns = []string{
	"server", "logs/s", "to (a)", "to (b)", "CPU us/log", "to (a)", "to (b)", "kernel", "syscalls/log",
	"p50 ms", "p50 to (b)", "p99 ms", "p99 to (a)", "p99 to (b)", "p99.9 ms",
}

// print prints a cell, measured on a machine.
func (o *options) print(c cell, machine string) {
	fmt.Printf("\n**%s: %s; %d connections, %d rounds of %v, %d dropped**\n\n", c.Workload, workloadOf(c.Workload).title, c.Conns, c.Rounds, o.slice, c.Dropped)
	fmt.Printf("%s\n\n", machine)
	if o.markdown {
		fmt.Printf("| %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---:|", len(columns)-1))
		for _, r := range c.rows() {
			fmt.Printf("| %s |\n", strings.Join(r, " | "))
		}
		return
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(columns, "\t"))
	for _, r := range c.rows() {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	w.Flush()
}

// rows are the lines of the table.
func (c *cell) rows() (rows [][]string) {
	a, b := c.find("epoll"), c.find("std")
	for i := range c.Servers {
		r := &c.Servers[i]
		row := []string{words(r.Name) + r.received(), fmt.Sprintf("%.0f", r.spread(rate).Median),
			ratio(r, a, rate), ratio(r, b, rate), fmt.Sprintf("%.2f", r.spread(cpu).Median),
			ratio(r, a, cpu), ratio(r, b, cpu), r.kernelShare(), "-", "-", "-", "-", "-", "-", "-"}
		if r.SyscallsPerLog != nil {
			row[8] = fmt.Sprintf("%.4f", *r.SyscallsPerLog)
		}
		if r.P50 > 0 {
			row[9], row[11], row[14] = ms(r.P50), ms(r.P99), ms(r.P999)
			row[10], row[12], row[13] = ratio(r, b, p50), ratio(r, a, p99), ratio(r, b, p99)
		}
		rows = append(rows, row)
	}
	return rows
}

func ms(ns int64) string { return fmt.Sprintf("%.2f", float64(ns)/float64(time.Millisecond)) }

// received is the share of datagrams that came, if some were sent.
func (r *result) received() string {
	var logs, sent uint64
	for i := range r.Turns {
		logs, sent = logs+r.Turns[i].Logs, sent+r.Turns[i].Sent
	}
	if sent == 0 {
		return ""
	}
	return fmt.Sprintf("; %.2f %% received", 100*float64(logs)/float64(sent))
}

// find returns the result of a server, nil if it was not measured.
func (c *cell) find(name string) *result {
	for i := range c.Servers {
		if c.Servers[i].Name == name {
			return &c.Servers[i]
		}
	}
	return nil
}

// figure is a number of a turn.
type figure func(*turn) float64

func rate(t *turn) float64 { return float64(t.Logs) / t.Length.Seconds() }
func cpu(t *turn) float64  { return float64(t.CPU.Microseconds()) / float64(max(t.Logs, 1)) }
func p50(t *turn) float64  { return float64(t.P50) }
func p99(t *turn) float64  { return float64(t.P99) }

// values are a figure of all turns that counted.
func (r *result) values(f figure) (v []float64) {
	for i := range r.Turns {
		if !r.Turns[i].Disturbed {
			v = append(v, f(&r.Turns[i]))
		}
	}
	return v
}

func (r *result) spread(f figure) report.Spread { return report.NewSpread(r.values(f)) }

// ratio is the median of the ratios of neighbouring turns.
func ratio(r, base *result, f figure) string {
	switch base {
	case nil:
		return "-"
	case r:
		return "1"
	}
	return report.NewSpread(report.Ratios(r.values(f), base.values(f))).String()
}

// kernelShare is the kernel's part of the CPU time.
func (r *result) kernelShare() string {
	if r.User+r.Kernel == 0 {
		return "-"
	}
	return fmt.Sprintf("%d %%", 100*r.Kernel/(r.User+r.Kernel))
}
