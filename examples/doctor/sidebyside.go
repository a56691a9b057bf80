package main

import (
	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/report"
)

// quarter is the constant rate, as a share of what std serves.
const quarter = 0.25

// echoSize is the length of an echo's message in bytes.
const echoSize = 64

// kind is a load to measure.
type kind struct {
	name, proto string
	share       float64
}

var kinds = []kind{
	{"echo 64 B, saturated", "echo", 0},
	{"echo 64 B, at 25 %", "echo", quarter},
	{"net/http hello, saturated", "http", 0},
	{"net/http hello, at 25 %", "http", quarter},
}

// judged makes a load of a cell: std first, uringnet second.
func judged(k kind, c measure.Cell) Load {
	rows := report.Rows(c)
	std, uring := rows[0], rows[1]
	l := Load{
		Name: k.name, Share: k.share, RatePerSecond: c.Rate, Std: figures(std), Uring: figures(uring),
		Throughput: ratio(uring.Throughput), CPU: ratio(uring.CPU), P50: ratio(uring.P50Ratio), P99: ratio(uring.P99Ratio),
		Notes: append([]string{}, report.Disturbance(c)...),
	}
	l.Notes = append(l.Notes, behind(c)...)
	l.Verdict, l.Words = judge(l.CPU, l.P99, c.Servers[0].Clean() == nil)
	return l
}

// reached is what a server has to answer of a constant rate, in time, to be taken to
// keep up.
const reached = 0.98

// behind tells of servers that did not keep up with a constant rate.
func behind(c measure.Cell) (notes []string) {
	for _, s := range c.Servers {
		var got []float64
		for _, slice := range s.Usable() {
			got = append(got, slice.Reached())
		}
		if m := report.NewSpread(got); m.N > 0 && m.Median < reached {
			notes = append(notes, s.Name+" did not keep up with the rate: its latency is that of a queue")
		}
	}
	return notes
}

func figures(r report.Row) Figures {
	return Figures{PerSecond: r.PerSecond.Median, CPUUs: r.CPUPerReq.Median, P50Us: r.P50.Seconds() * 1e6, P99Us: r.P99.Seconds() * 1e6}
}

func ratio(s report.Spread) Ratio { return Ratio{Median: s.Median, Q1: s.Q1, Q3: s.Q3, Pairs: s.N} }
