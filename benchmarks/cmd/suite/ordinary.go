package main

import (
	"fmt"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// The parts that show how servers do in ordinary service: at a constant rate, in
// company, and where system calls are dear. The other libraries are left out.

// companyShare is the share of what std serves at which servers are loaded whose
// latency in company is of interest.
const companyShare = 25

// Costs of a system call that a filter makes, see package dear.
const (
	dearLittle = 400 * time.Nanosecond
	dearer     = 600 * time.Nanosecond
	dearest    = 1000 * time.Nanosecond
)

// ordinary are the two workloads that are varied.
func ordinary(part string) []workload {
	return []workload{
		{part: part, name: "echo 64 B", unit: "req", proto: "echo", load: "echo", size: 64, buf: smallBuf, core: true},
		{part: part, name: "http hello", unit: "req", proto: "http", load: "http", buf: smallBuf, core: true},
	}
}

// at is the workload at a share of what std serves, in percent.
func (w workload) at(percent int) workload {
	w.share, w.paced = float64(percent)/100, true
	w.name += fmt.Sprintf(", %d %%", percent)
	return w
}

// on is the workload in one layout with so many connections.
func (w workload) on(l measure.Layout, conns ...int) workload {
	w.layouts, w.conns = []measure.Layout{l}, alike(conns...)
	return w
}

// rates are constant rates.
func (o *options) rates() (list []workload) {
	for _, w := range ordinary("rate") {
		for _, percent := range o.shares {
			list = append(list, w.at(percent).on(measure.LayoutTwo, 20, 100, 1000))
		}
	}
	return list
}

// companies have something else that runs: beside the servers, or in them.
func companies() []workload {
	echo := ordinary("company")[0]
	neighbour, fsync := echo, echo
	neighbour.name += " and a busy process"
	neighbour.neighbour = true
	neighbour.remark = "a process that does nothing but compute runs on the server's CPU"
	fsync.name += " and fsync"
	fsync.proto = "fsync"
	fsync.remark = "two goroutines in the server write a file each and wait for the disk, over and over"
	return []workload{
		neighbour.on(measure.LayoutOne, 16),
		fsync.at(companyShare).on(measure.LayoutTwo, 100),
	}
}

// dears have system calls that a filter makes dearer.
func (o *options) dears() (list []workload) {
	at := func(w workload, goal time.Duration) workload {
		w.dear = goal
		w.name = fmt.Sprintf("%d ns, %s", goal.Nanoseconds(), w.name)
		return w
	}
	both := ordinary("dear")
	list = append(list, at(both[0], dearer).on(measure.LayoutOne, 16, 100), at(both[1], dearer).on(measure.LayoutOne, 100))
	for _, goal := range []time.Duration{dearLittle, dearest} {
		if o.smoke && goal == dearest {
			break
		}
		for _, w := range both {
			list = append(list, at(w, goal).at(companyShare).on(measure.LayoutTwo, 100))
		}
	}
	return list
}
