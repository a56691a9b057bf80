package main

import (
	"fmt"
	"slices"

	"github.com/uringnet/go-uringnet/benchmarks/internal/measure"
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
	}})
	for _, w := range all {
		if !slices.Contains(o.parts, w.part) {
			continue
		}
		switch {
		case o.layouts != nil:
			w.layouts = o.layouts
		case o.smoke && w.part != "echo":
			w.layouts = shared
		}
		switch {
		case o.conns != nil && w.load != "files" && w.load != "upload":
			w.conns = alike(o.conns...)
		case o.smoke:
			w.conns = alike(smokeConns(w))
		}
		list = append(list, w)
	}
	return list
}

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
	} {
		w.part, w.unit, w.layouts, w.conns, w.buf = "bulk", "MiB", shared, alike(1), bigBuf
		list = append(list, w)
	}
	return list
}

// supports is whether it is worth to ask a kind of server for a protocol. Those
// that there is no list of here say so themselves.
func supports(kind, proto string) bool {
	switch {
	case kind == "std" || kind == "uring":
		return true
	case proto == "https" || proto == "recvfile":
		return false
	case kind == "events":
		return proto == "echo" || proto == "sink"
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
