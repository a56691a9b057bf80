package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/servers"
)

// options are the command line of compare.
type options struct {
	protos  []string
	layouts []measure.Layout
	conns   []int
	servers []measure.Spec
	size    int
	buf     int
	work    time.Duration
	rounds  int
	slice   time.Duration
	extra   int
	// cellTime, if not 0, decides rounds.
	cellTime      time.Duration
	allowFallback bool
	markdown      bool
	verbose       bool
	spin          bool
	jsonFile      string
	profile       string // prefix of the CPU profiles' names
	countTime     time.Duration
	others        float64
	adopt         []string // packages of programs
	adoptArgs     []string
	programProto  string
	rates         []float64 // 0: a closed loop
}

// protoNames are the protocols that compare has a load for.
var protoNames = []string{"echo", "http"}

const (
	smokeSlice  = 40 * time.Millisecond
	smokeRounds = 2
	maxRounds   = 1000
	maxConns    = 10_000
	maxOthers   = 1024 // CPUs
)

// parseFlags reads the command line.
func parseFlags(args []string) (o options, err error) {
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	protos := fs.String("proto", "echo,http", "protocols: echo, http; with -adopt one of page (HTTP), echo, redis (PING), nats (a message to itself), grpc (its health)")
	layouts := fs.String("layout", "one,two", "layouts: one, two (see above)")
	conns := fs.String("conns", "1,16,100,1000", "numbers of connections")
	names := fs.String("servers", "std,uring", "servers: std, uring, uring:SETTINGS; the first is the one to compare with")
	smoke := fs.Bool("smoke", false, "only show that everything works, in about 10 seconds; the figures mean little")
	fs.IntVar(&o.size, "size", 64, "bytes of a message of echo and nats")
	fs.IntVar(&o.buf, "buf", 4096, "bytes of an echo server's buffer")
	fs.DurationVar(&o.work, "work", 0, "for which a server computes each answer")
	fs.IntVar(&o.rounds, "slices", 8, "timed slices of each server in a cell")
	fs.IntVar(&o.extra, "extra", -1, "more slices at most, in place of those that other processes disturb; -1: as many as -slices")
	fs.DurationVar(&o.slice, "slice", 250*time.Millisecond, "length of a slice")
	fs.Float64Var(&o.others, "others", 0.1, "CPU time, of one CPU, that other processes may take in a round that counts; more where a server works with another, such as a database")
	fs.DurationVar(&o.cellTime, "time", 0, "length of all timed slices of a cell together; decides -slices")
	fs.DurationVar(&o.countTime, "count", 100*time.Millisecond, "length of the slice in which system calls are counted; 0: do not count")
	fs.BoolVar(&o.allowFallback, "allow-fallback", false, "measure uring even where it runs on the standard library")
	fs.BoolVar(&o.markdown, "md", false, "write Markdown tables")
	fs.BoolVar(&o.spin, "spin", true, "in layout one, the load polls in place of sleeping: waking it costs the server more than an echo on some machines")
	fs.BoolVar(&o.verbose, "v", false, "show the servers' standard error and the engine's counters")
	fs.StringVar(&o.jsonFile, "json", "", "also write everything measured to this file")
	adopt := fs.String("adopt", "", "in place of -servers: packages of programs, PACKAGE@VERSION, or a directory that begins with ./ or /; each is built by go and by adopt")
	adoptArgs := fs.String("adopt-args", "", "their arguments, between blanks; {addr}, {host} and {port} are where they are to listen; without any of these the first line they print is their address")
	rates := fs.String("rate", "0", "with -adopt: requests a second, from 1 to 1000000; 0: as many as there can be")
	fs.StringVar(&o.profile, "cpuprofile", "", "write each server's CPU profile to PREFIX.proto.layout.conns.server.pprof")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if *smoke {
		o.slice, o.rounds, o.extra, o.cellTime, o.countTime = smokeSlice, smokeRounds, 0, 0, smokeSlice
	}
	if o.servers, err = measure.ParseSpecs(*names, servers.Kinds); err != nil {
		return o, err
	}
	if *adopt != "" {
		if err := o.adopting(*adopt, *adoptArgs, *rates, *protos); err != nil {
			return o, err
		}
		*protos = "http" // checked by adopting
	} else if *rates != "0" || *adoptArgs != "" {
		return o, errors.New("-rate and -adopt-args: want -adopt too")
	}
	return o, o.lists(*protos, *layouts, *conns)
}

// programProtos are the protocols that there is a load for of programs of others.
var programProtos = []string{"page", "echo", "redis", "nats", "grpc"}

// maxRate is the most that -rate takes.
const maxRate = 1_000_000

// adopting reads the flags of programs that are built both ways.
func (o *options) adopting(adopt, args, rates, proto string) error {
	o.adopt, o.adoptArgs = strings.Split(adopt, ","), strings.Fields(args)
	for _, pkg := range o.adopt {
		if local := strings.HasPrefix(pkg, "./") || strings.HasPrefix(pkg, "/"); !local && !strings.Contains(pkg, "@") {
			return fmt.Errorf("-adopt %s: want PACKAGE@VERSION, or a directory that begins with ./ or /", pkg)
		}
	}
	for _, s := range strings.Split(rates, ",") {
		r, err := strconv.Atoi(s)
		if err != nil || r < 0 || r > maxRate {
			return fmt.Errorf("-rate %s: want 0 to %d", s, maxRate)
		}
		o.rates = append(o.rates, float64(r))
	}
	if proto == "echo,http" { // the default
		proto = "page"
	}
	if !slices.Contains(programProtos, proto) {
		return fmt.Errorf("-proto %s: with -adopt want one of %v", proto, programProtos)
	}
	o.programProto = proto
	o.servers = []measure.Spec{{Name: "std", Kind: "std"}, {Name: "adopt", Kind: "adopt"}}
	return nil
}

// lists reads the flags that are lists, and checks the others.
func (o *options) lists(protos, layouts, conns string) error {
	for _, name := range strings.Split(protos, ",") {
		if !slices.Contains(protoNames, name) {
			return fmt.Errorf("unknown protocol %q (one of %v)", name, protoNames)
		}
		o.protos = append(o.protos, name)
	}
	for _, name := range strings.Split(layouts, ",") {
		l := measure.Layout(name)
		if l != measure.LayoutOne && l != measure.LayoutTwo {
			return fmt.Errorf("unknown layout %q (one of one, two)", name)
		}
		o.layouts = append(o.layouts, l)
	}
	for _, s := range strings.Split(conns, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxConns {
			return fmt.Errorf("number of connections %q: want 1 to %d", s, maxConns)
		}
		o.conns = append(o.conns, n)
	}
	return o.check()
}

func (o *options) check() error {
	if o.slice < 10*time.Millisecond || o.slice > 10*time.Second {
		return fmt.Errorf("slice of %v: want 10ms to 10s", o.slice)
	}
	if o.countTime < 0 || o.countTime > 10*time.Second {
		return fmt.Errorf("count slice of %v: want 0 to 10s", o.countTime)
	}
	if !(o.others > 0 && o.others <= maxOthers) {
		return fmt.Errorf("-others %v: want more than 0, up to %d", o.others, maxOthers)
	}
	if o.cellTime != 0 {
		o.rounds = max(1, int(o.cellTime/(o.slice*time.Duration(len(o.servers)))))
	}
	if o.rounds < 1 || o.rounds > maxRounds {
		return fmt.Errorf("%d slices: want 1 to %d", o.rounds, maxRounds)
	}
	if o.extra < 0 {
		o.extra = o.rounds
	}
	if o.extra > maxRounds {
		return fmt.Errorf("%d extra slices: want at most %d", o.extra, maxRounds)
	}
	for _, s := range o.servers {
		if s.Kind == "events" && !slices.Equal(o.protos, []string{"echo"}) {
			return errors.New("server events has echo only: add -proto echo")
		}
	}
	if o.buf < 1 || o.buf > 1<<20 {
		return fmt.Errorf("buffer of %d bytes: want 1 to 1 MiB", o.buf)
	}
	if o.work < 0 || o.work > time.Second {
		return fmt.Errorf("work of %v: want 0 to 1s", o.work)
	}
	return nil
}
