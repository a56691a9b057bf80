package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/benchmarks/internal/suite"
	"github.com/uringnet/go-uringnet/internal/bench/dear"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// spareFiles are the files of this process that are not connections.
const spareFiles = 500

// manyConns is the number of connections from which slices are twice as long:
// each connection has its turn so seldom.
const manyConns = 4000

// all measures everything. A cell that cannot be measured leaves a note.
func (r *runner) all() error {
	if slices.Contains(r.opts.parts, "bulk") {
		if err := r.makeFile(); err != nil {
			return err
		}
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	most := int(min(limit.Cur, 1<<20)) - spareFiles
	for _, w := range r.opts.workloads() {
		for _, layout := range w.layouts {
			if _, err := layout.Sets(r.Allowed); err != nil {
				r.note("layout %s left out: %v", layout, err)
				continue
			}
			for _, conns := range w.conns[layout] {
				if err := r.group(&w, layout, conns, most); err != nil {
					return err
				}
			}
		}
	}
	if slices.Contains(r.opts.parts, "idle") {
		return r.idle(most)
	}
	return nil
}

// group measures a workload with one number of connections.
func (r *runner) group(w *workload, layout measure.Layout, conns, most int) error {
	if w.proto == "fsync" && !slowDisk(r.tmp) {
		r.note("%s left out: %s is in memory, where fsync waits for nothing: set TMPDIR", w.name, r.tmp)
		return nil
	}
	filter, err := r.filter(w)
	if err != nil {
		r.note("%s left out: %v", w.name, err)
		return nil
	}
	var specs []measure.Spec
	for _, s := range r.opts.servers {
		if r.has(s, w.proto) && !(w.core && slices.Contains(peerKinds, s.Kind)) {
			specs = append(specs, s)
		}
	}
	first := len(r.result.Cells)
	for _, g := range groups(specs, conns, most) {
		if len(g) == 0 {
			continue
		}
		r.cell(w, filter, r.plan(w, layout, conns, g))
	}
	if len(r.result.Cells) > first {
		part := suite.Result{Hosts: r.result.Hosts, Cells: r.result.Cells[first:]}
		r.printer.Group(part.Groups()[0])
	}
	return r.result.WriteJSON(filepath.Join(r.opts.out, "suite.json"))
}

// has is whether a server can be expected to have a protocol.
func (r *runner) has(s measure.Spec, proto string) bool {
	if !slices.Contains(ownKinds, s.Kind) && r.built[s.Kind] == "" {
		return false // there is a note already
	}
	return supports(s.Kind, proto) && !r.missing[s.Name+" "+proto]
}

func (r *runner) plan(w *workload, layout measure.Layout, conns int, specs []measure.Spec) *measure.Plan {
	o := r.opts
	slice := o.slice
	if conns >= manyConns && !o.smoke {
		slice = min(2*slice, maxSlice)
	}
	p := &measure.Plan{
		Proto: w.proto, Layout: layout, Conns: conns, Size: w.size,
		Slice: slice, Rounds: o.rounds, Extra: o.extra, CountTime: o.countTime,
		Specs: specs, Counter: r.Counter, Spin: o.spin, Allowed: r.Allowed,
		Accept: r.accept, Dial: r.dial(w), KeepGoing: true, Park: true,
		Share: w.share, Burst: o.burst, Labour: w.proto == "fsync",
	}
	p.Command = r.command(w)
	p.Neighbour = r.neighbour(w, r.lifetime(p))
	return p
}

// cell measures servers against each other. If that fails it leaves a note.
func (r *runner) cell(w *workload, filter *dear.Filter, p *measure.Plan) {
	watchdog := measure.Watch("suite", r.lifetime(p))
	defer watchdog.Stop()
	c := suite.Cell{Part: w.part, Workload: w.name, Buf: w.buf, Unit: w.unit, Paced: w.paced, Remark: w.remark}
	if filter != nil {
		c.Remark = filter.String()
		p.Command = r.dearly(filter, p.Command)
	}
	m, err := p.Run()
	if err != nil {
		r.note("%s left out: %v", suite.Key{Part: w.part, Workload: w.name, Layout: p.Layout, Conns: p.Conns}, err)
		return
	}
	c.Cell = m
	for _, s := range m.Servers {
		r.remember(s.Name, w.proto, s.Failed, s.Unsupported)
	}
	r.result.Cells = append(r.result.Cells, c)
}

// remember keeps a server that does not have a protocol, or does not start, from
// being asked for it again.
func (r *runner) remember(name, proto, failed string, unsupported bool) {
	switch {
	case unsupported:
		_, reason, _ := strings.Cut(failed, "not supported: ")
		r.note("%s left out of %s: not supported: %s", name, proto, reason)
	case strings.Contains(failed, measure.NotStarted):
		r.note("%s left out of %s: %s", name, proto, failed)
	default:
		return
	}
	r.missing[name+" "+proto] = true
}

// makeFile makes the file to send: its byte at offset i is i modulo 251. Once
// written it is in the page cache.
func (r *runner) makeFile() (err error) {
	r.file = filepath.Join(r.tmp, "file")
	f, err := os.Create(r.file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	const period = 251
	block := make([]byte, period*4096)
	for i := range block {
		block[i] = byte(i % period)
	}
	for left := r.opts.fileBytes; left > 0; left -= len(block) {
		if _, err := f.Write(block[:min(left, len(block))]); err != nil {
			return err
		}
	}
	// What is written back later would disturb the slices.
	return f.Sync()
}
