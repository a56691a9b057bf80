package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// show prints a line of statistics in each period until ctx ends.
func show(ctx context.Context, out io.Writer, s *stats.Stats, every time.Duration) {
	p := newSampler(s)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			fmt.Fprintln(printable{out}, p.next().line())
		}
	}
}

// line writes the sample for people.
func (s sample) line() string {
	p99 := "-"
	if s.P99 != nil {
		p99 = roughly(time.Duration(*s.P99))
	}
	line := fmt.Sprintf("%s  %7s logs/s  %7.1f MB/s  queue %d (%.1f MB)  conns %d  paused %d  cpu %3.0f%% (%.0f user, %.0f kernel)  p99 %s",
		time.UnixMilli(s.Time).Format("15:04:05"), count(s.Stored), s.BytesIn/1e6, s.QueueBatches, float64(s.QueueBytes)/1e6,
		s.Conns, s.Paused, s.CPUUser+s.CPUSystem, s.CPUUser, s.CPUSystem, p99)
	if s.Errors > 0 {
		line += fmt.Sprintf("  ERRORS %s/s", count(s.Errors))
	}
	return line
}

// count writes a number with three digits or so.
func count(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'f', 2, 64) + "M"
	case v >= 1e4:
		return strconv.FormatFloat(v/1e3, 'f', 1, 64) + "k"
	case v >= 10 || v == 0:
		return strconv.FormatFloat(v, 'f', 0, 64)
	default:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
}

// roughly drops the digits of a duration that nobody reads.
func roughly(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	default:
		return d.Round(time.Microsecond).String()
	}
}
