package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/logload"
	"github.com/uringnet/go-uringnet/internal/bench/load"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// A workload is what the servers are given; see the package's comment.
type workload struct {
	name, title string
	conns       int  // 0: as many as asked for
	rate, batch int  // logs a second, and how many are sent together; 0: as fast as it goes
	sinks       bool // servers that send on to JetStream take part
}

var workloads = []workload{
	{name: "saturate", title: "lines in batches of 64 KiB, as fast as they are accepted, framed and stored", sinks: true},
	{name: "single", title: "60,000 logs a second, a send for each, by RELP", rate: 60_000, batch: 1, sinks: true},
	{name: "batched", title: "1,000,000 logs a second in batches of 100, by RELP", rate: 1_000_000, batch: 100},
	{name: "group", title: "RELP, one log outstanding on each connection, acknowledged after fdatasync"},
	{name: "udp", title: "100,000 datagrams a second, a log each", conns: 16, rate: 100_000},
	{name: "rate1k", title: "1,000 logs a second, a send for each, by RELP", conns: 100, rate: 1000, batch: 1},
	{name: "rate10k", title: "10,000 logs a second, a send for each, by RELP", conns: 100, rate: 10_000, batch: 1},
}

// workloadNames are their names.
func workloadNames() (list []string) {
	for _, w := range workloads {
		list = append(list, w.name)
	}
	return list
}

func workloadOf(name string) *workload {
	return &workloads[slices.IndexFunc(workloads, func(w workload) bool { return w.name == name })]
}

// tolerated is the share of one CPU that other processes may take in a round.
const tolerated = 0.15

// cell is a workload, measured.
type cell struct {
	Workload string
	Conns    int
	Rounds   int // that counted
	Dropped  int // that others disturbed
	Servers  []result
}

// result is a server in a cell.
type result struct {
	Name           string
	Turns          []turn
	User, Kernel   uint64   // ticks, of all turns
	SyscallsPerLog *float64 // nil: not counted
	P50, P99, P999 int64    // ns, of all turns that counted; 0: not measured
	Sink           *sinkResult
}

// turn is one slice of one server.
type turn struct {
	Logs      uint64        // that were stored
	Sent      uint64        // in the workload udp, of which some may be lost
	Length    time.Duration // until everything was stored
	CPU       time.Duration
	P50, P99  int64
	hist      load.Histogram
	Disturbed bool
}

// target is a server under measurement.
type target struct {
	*server
	client *logload.Client
	udp    *logload.Datagrams
	sent   uint64
	out    result
}

// measure measures a workload on all servers.
func (o *options) measure(w string) (c cell, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c = cell{Workload: w, Conns: cmp.Or(workloadOf(w).conns, o.conns)}
	var targets []*target
	defer func() {
		for _, t := range targets {
			if t.client != nil {
				t.client.Close()
			}
			if t.udp != nil {
				t.udp.Close()
			}
			t.stop()
		}
	}()
	for _, name := range o.servers {
		kind, _, _ := strings.Cut(name, ":")
		if w == "udp" && kind == "epoll" || replicas[kind] > 0 && !workloadOf(w).sinks {
			continue // it has no datagrams; sinks are for some
		}
		s, err := o.start(name, w == "group")
		if err != nil {
			return c, err
		}
		t := &target{server: s, out: result{Name: name}}
		targets = append(targets, t)
		if t.nodes != nil {
			if err := t.connected(); err != nil {
				return c, err
			}
		}
		switch w {
		case "udp":
			t.udp, err = logload.DialUDP(s.addrs["udp"], c.Conns)
		case "saturate":
			t.client, err = logload.Dial(s.addrs["tcp"], c.Conns, false)
		default:
			t.client, err = logload.Dial(s.addrs["relp"], c.Conns, true)
		}
		if err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := o.turn(t, w, o.slice/2); err != nil { // to warm up
			return c, err
		}
	}
	if err := o.takeTurns(&c, targets); err != nil {
		return c, err
	}
	if err := o.countCalls(w, targets); err != nil {
		return c, err
	}
	for _, t := range targets {
		if err := t.settle(t.sent); err != nil {
			return c, err
		}
		if t.nodes != nil {
			if t.out.Sink, err = t.nodes.result(t); err != nil {
				return c, err
			}
		}
		c.Servers = append(c.Servers, t.out)
	}
	return c, nil
}

// takeTurns gives each server its turns.
func (o *options) takeTurns(c *cell, targets []*target) error {
	pids := []int{os.Getpid()}
	for _, t := range targets {
		pids = append(pids, t.pid())
		if t.nodes != nil {
			pids = append(pids, t.nodes.pids()...)
		}
		var err error
		if t.out.User, t.out.Kernel, err = measure.Ticks(t.pid()); err != nil {
			return err
		}
	}
	for round := 0; c.Rounds < o.rounds && round < o.rounds+o.extra; round++ {
		others, err := measure.DisturbedBy(pids...)
		if err != nil {
			return err
		}
		for _, i := range measure.Order(round, len(targets)) {
			r, err := o.turn(targets[i], c.Workload, o.slice)
			if err != nil {
				return err
			}
			targets[i].out.Turns = append(targets[i].out.Turns, r)
		}
		share, err := others()
		if err != nil {
			return err
		}
		// The file system's own threads work for what is synced.
		disturbed := share > tolerated && o.extra > 0 && c.Workload != "group"
		for _, t := range targets {
			t.out.Turns[round].Disturbed = disturbed
		}
		if disturbed {
			c.Dropped++
		} else {
			c.Rounds++
		}
	}
	if c.Rounds == 0 {
		return errors.New("other processes disturbed every round")
	}
	return sum(targets)
}

// sum fills in what is of all turns.
func sum(targets []*target) error {
	for _, t := range targets {
		user, kernel, err := measure.Ticks(t.pid())
		if err != nil {
			return err
		}
		t.out.User, t.out.Kernel = user-t.out.User, kernel-t.out.Kernel
		var all load.Histogram
		for i := range t.out.Turns {
			if !t.out.Turns[i].Disturbed {
				all.Add(&t.out.Turns[i].hist)
			}
		}
		t.out.P50, t.out.P99, t.out.P999 = all.Quantile(.5), all.Quantile(.99), all.Quantile(.999)
	}
	return nil
}

// turn runs one slice and waits until the server has stored it, and its sink, if any, has
// delivered that.
func (o *options) turn(t *target, w string, d time.Duration) (r turn, err error) {
	if t.nodes == nil {
		r, err = o.load(t, w, d)
	} else {
		r, err = t.nodes.follow(t, w == "saturate", func() (turn, error) { return o.load(t, w, d) })
	}
	t.sweep()
	return r, err
}

// load loads the server for so long and waits until it has stored all.
func (o *options) load(t *target, w string, d time.Duration) (r turn, err error) {
	before, err := measure.CPU(t.pid())
	if err != nil {
		return r, err
	}
	begin := time.Now()
	switch load := workloadOf(w); {
	case w == "saturate":
		r.Logs, err = t.client.Saturate(d)
	case w == "udp":
		if r.Sent, err = t.udp.Send(load.rate, d); err == nil {
			r.Logs, err = t.arrived(t.sent)
		}
	case w == "group":
		r.Logs, err = t.client.Closed(d)
	default:
		r.Logs, err = t.client.Paced(load.rate, load.batch, d)
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", t.name, err)
	}
	t.sent += r.Logs
	switch w {
	case "udp": // the server was asked what came
	case "saturate": // without acknowledgements, it is asked now
		if err := t.settle(t.sent); err != nil {
			return r, err
		}
	default:
		r.hist = t.client.Latency
		r.P50, r.P99 = r.hist.Quantile(.5), r.hist.Quantile(.99)
	}
	r.Length = time.Since(begin)
	after, err := measure.CPU(t.pid())
	r.CPU = after - before
	return r, err
}

// countCalls counts system calls, in a turn of its own for each server.
func (o *options) countCalls(w string, targets []*target) error {
	if o.Counter == nil {
		return nil
	}
	for _, t := range targets {
		stop, err := o.Counter.Start(t.pid())
		if err != nil {
			return err
		}
		r, err := o.turn(t, w, o.count)
		n, serr := stop()
		if err := errors.Join(err, serr); err != nil {
			return err
		}
		if r.Logs > 0 {
			calls := float64(n) / float64(r.Logs)
			t.out.SyscallsPerLog = &calls
		}
	}
	return nil
}
