package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/benchmarks/internal/suite"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// options are the command line of suite.
type options struct {
	parts     []string
	layouts   []measure.Layout // nil: what each workload says
	conns     []int            // nil: what each workload says
	sizes     []int
	servers   []measure.Spec
	rounds    int
	extra     int
	slice     time.Duration
	countTime time.Duration
	rate      int    // messages a second of paced ingest
	shares    []int  // of what std serves, in percent
	burst     int    // requests that are due at once
	only      string // what a workload's name must hold
	idleConns int
	idleRound int
	bulkBytes int
	fileBytes int
	smoke     bool
	spin      bool
	fallback  bool
	verbose   bool
	out       string
	reports   []string
}

// The kinds of server that there are, apart from those of the module peers.
var (
	ownKinds = []string{"std", "uring", "events"}
	cKinds   = []string{"c-epoll", "c-uring"}
	// peerKinds are those of the module benchmarks/peers.
	peerKinds = []string{
		"gnet", "netpoll", "nbio", "evio", "rio", "go-uring", "go-uring-ring", "iouring-go", "fasthttp", "fasthttp-uring",
	}
)

const (
	minSlice = 10 * time.Millisecond
	maxSlice = 10 * time.Second
	maxConns = 10_000
	mib      = 1 << 20
)

// parseFlags reads the command line.
func parseFlags(args []string) (_ *options, err error) {
	o := new(options)
	fs := flag.NewFlagSet("suite", flag.ContinueOnError)
	parts := fs.String("part", strings.Join(suite.Parts, ","), "parts to run (see above)")
	names := fs.String("servers", "all", "servers: all, core, peers, or names (see above)")
	conns := fs.String("conns", "", "numbers of connections, in place of each workload's own")
	sizes := fs.String("sizes", "64,1024,16384", "bytes of echo messages")
	layouts := fs.String("layout", "", "layouts: one, two; in place of each workload's own")
	shares := fs.String("shares", "5,25,50,75", "constant rates of the part rate, in percent of what std serves in the same run")
	fs.StringVar(&o.only, "only", "", "run only workloads whose name holds this: http, \"64 B\", fsync")
	fs.IntVar(&o.burst, "burst", 1, "requests that are due at the same instant, at the constant rates that are shares")
	reports := fs.String("report", "", "read these JSON files, merge them and write the report, without measuring")
	fs.IntVar(&o.rounds, "slices", 8, "timed slices of each server in a cell")
	fs.IntVar(&o.extra, "extra", -1, "more slices at most, in place of those that other processes disturb; -1: as many as -slices")
	fs.DurationVar(&o.slice, "slice", 250*time.Millisecond, "length of a slice")
	fs.DurationVar(&o.countTime, "count", 100*time.Millisecond, "length of the slice in which system calls are counted; 0: do not count")
	fs.IntVar(&o.rate, "rate", 60_000, "messages a second of paced ingest")
	fs.IntVar(&o.idleConns, "idle-conns", 10_000, "idle connections")
	fs.IntVar(&o.idleRound, "idle-rounds", 3, "lives of each server with idle connections")
	bulk := fs.Int("bulk-mib", 256, "MiB of a slice of bulk, 1 to 1024")
	file := fs.Int("file-mib", 256, "MiB of the file")
	fs.BoolVar(&o.smoke, "smoke", false, "a little of every part, to see that everything works; the figures mean little")
	fs.BoolVar(&o.spin, "spin", true, "in layout one, the load polls in place of sleeping")
	fs.BoolVar(&o.fallback, "allow-fallback", false, "measure uring even where it runs on the standard library")
	fs.BoolVar(&o.verbose, "v", false, "show the servers' standard error")
	fs.StringVar(&o.out, "out", filepath.Join(os.TempDir(), "uringnet-suite"), "directory to write the report to")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	o.bulkBytes, o.fileBytes = *bulk*mib, *file*mib
	if *reports != "" {
		o.reports = strings.Split(*reports, ",")
	}
	if o.smoke {
		o.shorten(fs)
		if *sizes == "64,1024,16384" {
			*sizes = "64"
		}
		if *shares == "5,25,50,75" {
			*shares = "50"
		}
	}
	if err := o.lists(*parts, *names, *conns, *sizes, *layouts); err != nil {
		return nil, err
	}
	const mostShare = 150
	if o.shares, err = numbers("share", *shares, mostShare); err != nil {
		return nil, err
	}
	return o, o.check()
}

// shorten makes a run short, but for what the command line says.
func (o *options) shorten(fs *flag.FlagSet) {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	set := func(name string, apply func()) {
		if !given[name] {
			apply()
		}
	}
	set("slices", func() { o.rounds = 2 })
	set("extra", func() { o.extra = 0 })
	set("slice", func() { o.slice = 30 * time.Millisecond })
	set("count", func() { o.countTime = 20 * time.Millisecond })
	set("idle-conns", func() { o.idleConns = 500 })
	set("idle-rounds", func() { o.idleRound = 1 })
	set("bulk-mib", func() { o.bulkBytes = 16 * mib })
	set("file-mib", func() { o.fileBytes = 16 * mib })
}

// lists reads the flags that are lists.
func (o *options) lists(parts, names, conns, sizes, layouts string) (err error) {
	for _, name := range strings.Split(parts, ",") {
		if !slices.Contains(suite.Parts, name) {
			return fmt.Errorf("unknown part %q (one of %s)", name, strings.Join(suite.Parts, ", "))
		}
		o.parts = append(o.parts, name)
	}
	if layouts != "" {
		for _, name := range strings.Split(layouts, ",") {
			l := measure.Layout(name)
			if l != measure.LayoutOne && l != measure.LayoutTwo {
				return fmt.Errorf("unknown layout %q (one of one, two)", name)
			}
			o.layouts = append(o.layouts, l)
		}
	}
	if conns != "" {
		if o.conns, err = numbers("number of connections", conns, maxConns); err != nil {
			return err
		}
	}
	if o.sizes, err = numbers("size", sizes, mib); err != nil {
		return err
	}
	o.servers, err = parseServers(names)
	return err
}

// numbers reads a list of numbers from 1 to most.
func numbers(what, list string, most int) (ns []int, err error) {
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > most {
			return nil, fmt.Errorf("%s %q: want 1 to %d", what, s, most)
		}
		ns = append(ns, n)
	}
	return ns, nil
}

// parseServers reads the list of servers.
func parseServers(list string) ([]measure.Spec, error) {
	core := slices.Concat(ownKinds, cKinds)
	all := slices.Concat(core, peerKinds)
	var names []string
	for _, name := range strings.Split(list, ",") {
		switch name {
		case "all":
			names = append(names, all...)
		case "core":
			names = append(names, core...)
		case "peers":
			names = append(names, peerKinds...)
		default:
			names = append(names, name)
		}
	}
	return measure.ParseSpecs(strings.Join(names, ","), all)
}

func (o *options) check() error {
	if o.extra < 0 {
		o.extra = o.rounds
	}
	const mostRounds = 1000
	switch {
	case o.slice < minSlice || o.slice > maxSlice:
		return fmt.Errorf("slice of %v: want %v to %v", o.slice, minSlice, maxSlice)
	case o.countTime < 0 || o.countTime > maxSlice:
		return fmt.Errorf("count slice of %v: want 0 to %v", o.countTime, maxSlice)
	case o.rounds < 1 || o.rounds > mostRounds || o.extra > mostRounds:
		return fmt.Errorf("%d slices and %d extra: want 1 to %d", o.rounds, o.extra, mostRounds)
	case o.rate < 1 || o.rate > 10_000_000:
		return errors.New("rate: want 1 to 10000000")
	case o.burst < 1 || o.burst > maxConns:
		return fmt.Errorf("bursts of %d: want 1 to %d", o.burst, maxConns)
	case o.idleConns < 1 || o.idleConns > maxConns || o.idleRound < 1 || o.idleRound > 100:
		return fmt.Errorf("idle connections: want 1 to %d, and 1 to 100 rounds", maxConns)
	case o.bulkBytes < mib || o.bulkBytes > 1024*mib || o.fileBytes < mib || o.fileBytes > 1024*mib:
		return errors.New("MiB of bulk and of the file: want 1 to 1024")
	}
	for _, size := range o.sizes {
		if size < 8 {
			return fmt.Errorf("echo of %d bytes: want 8 or more", size)
		}
	}
	return nil
}
