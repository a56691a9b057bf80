package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// workload is what some cells have in common.
type workload struct {
	part, name string
	unit       string // of an operation
	proto      string // of the servers
	load       string // how load is made: a case of dial
	layouts    []measure.Layout
	conns      map[measure.Layout][]int
	size       int // bytes of a message
	buf        int // bytes of the servers' buffers
	paced      bool

	share     float64       // of what std serves, for a constant rate; 0: none
	neighbour bool          // a busy process is on the server's CPU
	dear      time.Duration // what a system call is made to cost; 0: what it does
	core      bool          // the other libraries are left out
	remark    string        // to be known with the figures
}

var (
	bothLayouts = []measure.Layout{measure.LayoutOne, measure.LayoutTwo}
	shared      = []measure.Layout{measure.LayoutTwo}
)

// Messages of ingest, and how many a saturating send has.
const (
	ingestSize  = 100
	ingestBatch = 40
	smallBuf    = 4 << 10
	bigBuf      = 256 << 10
)

// workloads lists what the command line asks for, idle apart.
func (o *options) workloads() (list []workload) {
	all := slices.Concat(o.echoes(), o.ingests(), https(), bulks(), []workload{{
		part: "accept", name: "accept", unit: "conn", proto: "echo", load: "accept", layouts: shared,
		conns: alike(16), size: 64, buf: smallBuf,
	}}, o.rates(), companies(), o.dears())
	for _, w := range all {
		if !slices.Contains(o.parts, w.part) || !strings.Contains(w.name, o.only) {
			continue
		}
		switch {
		case o.layouts != nil:
			w.layouts = o.layouts
		case o.smoke && w.part != "echo" && len(w.layouts) > 1:
			w.layouts = shared
		}
		switch {
		case o.conns != nil && !slices.Contains(fileLoads, w.load):
			w.conns = alike(o.conns...)
		case o.smoke:
			w.conns = alike(smokeConns(w))
		}
		list = append(list, w)
	}
	return list
}

// fileLoads have one connection at a time.
var fileLoads = []string{"files", "upload", "get"}

// smokeConns is one number of connections for a short run.
func smokeConns(w workload) int {
	if w.part == "ingest" {
		return 100
	}
	return min(16, slices.Max(w.conns[measure.LayoutTwo]))
}

// alike is the same in both layouts.
func alike(conns ...int) map[measure.Layout][]int {
	return map[measure.Layout][]int{measure.LayoutOne: conns, measure.LayoutTwo: conns}
}

func (o *options) echoes() (list []workload) {
	for _, size := range o.sizes {
		w := workload{
			part: "echo", name: bytesText(size), unit: "req", proto: "echo", load: "echo", layouts: bothLayouts,
			conns: alike(1, 16, 100, 1000, 5000), size: size, buf: smallBuf,
		}
		if size == 64 {
			w.conns[measure.LayoutTwo] = []int{1, 4, 16, 100, 1000, 4000, 5000}
		}
		list = append(list, w)
	}
	return list
}

func (o *options) ingests() []workload {
	paced := workload{
		part: "ingest", name: rateText(o.rate), unit: "msg", proto: "sink", load: "paced", layouts: shared,
		conns: alike(1000), size: ingestSize, buf: smallBuf, paced: true,
	}
	full := paced
	full.name, full.load, full.paced = "saturation", "saturate", false
	return []workload{paced, full}
}

func https() (list []workload) {
	for _, w := range []workload{
		{name: "hello", proto: "http", load: "http"},
		{name: "JSON", proto: "http", load: "json"},
		{name: "TLS hello", proto: "https", load: "https"},
	} {
		w.part, w.unit, w.layouts, w.conns, w.buf = "http", "req", bothLayouts, alike(1, 100, 1000), smallBuf
		if w.name == "hello" {
			w.conns = map[measure.Layout][]int{
				measure.LayoutOne: {1, 16, 100, 1000},
				measure.LayoutTwo: {1, 4, 16, 100, 1000},
			}
		}
		list = append(list, w)
	}
	return list
}

func bulks() (list []workload) {
	for _, buf := range []int{smallBuf, bigBuf} {
		for _, w := range []workload{
			{name: "up, " + bytesText(buf), proto: "sink", load: "up"},
			{name: "down, " + bytesText(buf), proto: "source", load: "down"},
		} {
			w.part, w.unit, w.layouts, w.conns, w.buf = "bulk", "MiB", shared, alike(1, 16), buf
			list = append(list, w)
		}
	}
	for _, w := range []workload{
		{name: "file", proto: "file", load: "files"},
		{name: "file received", proto: "recvfile", load: "upload"},
		{name: "file, small send buffer", proto: "file-small", load: "files"},
		{name: "FileServer, small send buffer", proto: "fileserver", load: "get"},
	} {
		w.part, w.unit, w.layouts, w.conns, w.buf = "bulk", "MiB", shared, alike(1), bigBuf
		list = append(list, w)
	}
	return list
}

// ownProtos are those that only this program's servers have.
var ownProtos = []string{"https", "recvfile", "file-small", "fileserver", "fsync"}

// supports is whether it is worth to ask a kind of server for a protocol. Those
// that there is no list of here say so themselves.
func supports(kind, proto string) bool {
	switch {
	case kind == "std" || kind == "uring":
		return true
	case kind == "events":
		return proto == "echo" || proto == "sink" || proto == "fsync"
	case slices.Contains(ownProtos, proto):
		return false
	case slices.Contains(cKinds, kind):
		return proto == "echo" || proto == "sink" || proto == "source"
	case kind == "fasthttp" || kind == "fasthttp-uring":
		return proto == "http"
	}
	return true
}

// references are in every group of servers.
var references = []string{"std", "c-uring"}

// groups divides servers so that no group needs more than most connections
// together.
func groups(specs []measure.Spec, conns, most int) (all [][]measure.Spec) {
	if len(specs)*conns <= most {
		return [][]measure.Spec{specs}
	}
	var refs, rest []measure.Spec
	for _, s := range specs {
		if slices.Contains(references, s.Name) {
			refs = append(refs, s)
		} else {
			rest = append(rest, s)
		}
	}
	room := max(1, most/conns-len(refs))
	for chunk := range slices.Chunk(rest, room) {
		all = append(all, slices.Concat(refs, chunk))
	}
	if len(rest) == 0 {
		return [][]measure.Spec{refs}
	}
	return all
}

func bytesText(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return fmt.Sprintf("%d KiB", n/1024)
	}
	return fmt.Sprintf("%d B", n)
}

func rateText(rate int) string {
	if rate%1000 == 0 {
		return fmt.Sprintf("%dk/s", rate/1000)
	}
	return fmt.Sprintf("%d/s", rate)
}
