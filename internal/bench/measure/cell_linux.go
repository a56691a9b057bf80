package measure

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/load"
)

// target is a server under measurement.
type target struct {
	spec   Spec
	index  int // in Plan.Specs
	proc   *process
	client Load
	failed bool
	// labours is whether it is told when to begin and to end work of its own.
	labours bool

	hist  load.Histogram // of all timed slices whose round was not disturbed
	dirty load.Histogram // of the others
	out   Server

	idleMark usage         // when its last turn ended
	idleCPU  time.Duration // used between its turns
	idleTime time.Duration
	lastEnd  time.Time
}

// Run measures the cell.
func (p *Plan) Run() (_ Cell, err error) {
	sets, err := p.Layout.Sets(p.Allowed)
	if err != nil {
		return Cell{}, err
	}
	if err := PinSelf(sets.Client); err != nil {
		return Cell{}, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var targets []*target
	defer func() { err = stopAll(targets, err) }()
	c := Cell{Program: p.Program, Proto: p.Proto, Layout: p.Layout, Conns: p.Conns, Size: p.Size, Slice: p.Slice, Spin: p.Spinning()}
	outs := make([]Server, len(p.Specs))
	for i, s := range p.Specs {
		t, err := p.start(s, sets)
		if err != nil {
			if err = fmt.Errorf("%s: %w", s.Name, err); !p.KeepGoing {
				return Cell{}, err
			}
			outs[i] = Server{Name: s.Name, Env: s.Env}
			outs[i].fail(err)
			continue
		}
		t.index = i
		targets = append(targets, t)
	}
	if err := p.neighbour(sets); err != nil {
		return Cell{}, err
	}
	defer p.endNeighbour()
	if err := p.phases(&c, targets); err != nil {
		return Cell{}, err
	}
	for _, t := range targets {
		outs[t.index] = t.out
	}
	c.Servers = outs
	return c, nil
}

// stopAll ends the servers. What they wrote is added to the error, if there is
// one.
func stopAll(targets []*target, err error) error {
	for _, t := range targets {
		if t.failed {
			continue
		}
		t.stop()
		if err != nil {
			err = t.proc.explain(err)
		}
	}
	return err
}

// phases is what happens once the servers are connected.
func (p *Plan) phases(c *Cell, targets []*target) error {
	if err := p.each(targets, "warm-up", func(t *target) error {
		_, err := t.client.Run(p.Slice) // its figures are thrown away
		return err
	}); err != nil {
		return err
	}
	if p.Share > 0 {
		if err := p.pace(c, targets); err != nil {
			return err
		}
	} else if p.Rate > 0 {
		c.Rate = p.Rate
		if err := p.setPace(c, targets); err != nil {
			return err
		}
	}
	if err := p.measure(c, targets); err != nil {
		return err
	}
	if p.Counter == nil {
		return nil
	}
	return p.each(targets, "count system calls", func(t *target) error { return t.count(p.Counter, p.CountTime) })
}

// each does something with every server that has not failed.
func (p *Plan) each(targets []*target, what string, do func(*target) error) error {
	for _, t := range targets {
		if t.failed {
			continue
		}
		if err := t.active(func() error { return do(t) }); err != nil {
			if err = p.fail(t, fmt.Errorf("%s: %s: %w", t.spec.Name, what, err)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fail leaves a server out from here on. Where the plan does not keep going it
// returns the error.
func (p *Plan) fail(t *target, err error) error {
	if !p.KeepGoing {
		return err
	}
	t.failed = true
	t.client.Close()
	t.proc.kill()
	t.out.fail(t.proc.explain(err))
	return nil
}

// fail records why there are no figures.
func (s *Server) fail(err error) {
	var u *Unsupported
	s.Unsupported = errors.As(err, &u)
	s.Failed, s.Slices = err.Error(), nil
}

// start starts a server and connects to it.
func (p *Plan) start(s Spec, sets CPUSets) (*target, error) {
	proc, err := p.launch(s, sets)
	if err != nil {
		return nil, err
	}
	t := &target{spec: s, proc: proc, labours: p.Labour}
	t.out = Server{Name: s.Name, Env: s.Env, IOUring: proc.hello.IOUring, Status: proc.hello.Status}
	err = t.connect(p)
	if err == nil && p.Park {
		err = t.maybePark()
	}
	if err != nil {
		t.stop()
		return nil, proc.explain(err)
	}
	return t, nil
}

// launch starts a server.
func (p *Plan) launch(s Spec, sets CPUSets) (*process, error) {
	cmd := p.Command(p, s)
	cmd.Env = append(cmd.Environ(), fmt.Sprintf("GOMAXPROCS=%d", sets.MaxProcs), "URINGNET="+s.Env)
	return startProcess(cmd, sets.Server)
}

func (p *process) started() Started {
	return Started{Addr: p.hello.Addr, PID: p.hello.PID, Stats: p.counters}
}

func (t *target) connect(p *Plan) error {
	if err := p.Accept(t.spec, t.out.IOUring, t.out.Status); err != nil {
		return err
	}
	if got := t.proc.hello.GOMAXPROCS; p.Layout == LayoutOne && got > 1 {
		return fmt.Errorf("the server has GOMAXPROCS=%d", got)
	}
	dial := p.Dial
	if dial == nil {
		dial = dialExchange
	}
	client, err := dial(p, t.proc.started())
	if err != nil {
		return err
	}
	t.client = client
	return nil
}

// dialExchange connects a client that plays the exchange of the protocol.
func dialExchange(p *Plan, s Started) (Load, error) {
	ex, err := load.NewExchange(p.Proto, p.Size)
	if err != nil {
		return nil, err
	}
	c, err := load.Dial(s.Addr, p.Conns, ex)
	if err != nil {
		return nil, err
	}
	c.Spin = p.Spinning()
	return c, nil
}

func (t *target) stop() {
	_ = t.unpark() // it could not end
	if t.client != nil {
		t.client.Close()
	}
	t.proc.stop()
}

// measure runs all timed slices of the cell.
func (p *Plan) measure(c *Cell, targets []*target) error {
	other, err := p.watch(targets)
	if err != nil {
		return err
	}
	if err := p.each(targets, "begin", (*target).begin); err != nil {
		return err
	}
	for round, clean := 0, 0; clean < p.Rounds && round < p.Rounds+p.Extra; round++ {
		disturbed, err := p.round(round, c.Slice, targets)
		if err != nil {
			return err
		}
		if !disturbed {
			clean++
		}
	}
	if c.Others, c.Steal, err = other.shares(); err != nil {
		return err
	}
	return p.each(targets, "end", (*target).end)
}

// round gives each server a turn. It says whether other processes took much of
// the machine meanwhile.
func (p *Plan) round(n int, slice time.Duration, targets []*target) (disturbed bool, err error) {
	other, err := p.watch(targets)
	if err != nil {
		return false, err
	}
	lost := false
	for _, i := range order(n, len(targets)) {
		t := targets[i]
		if t.failed {
			continue
		}
		if err := t.active(func() error { return t.turn(slice) }); err != nil {
			if err = p.fail(t, fmt.Errorf("%s: round %d: %w", t.spec.Name, n+1, err)); err != nil {
				return false, err
			}
			lost = true
		}
	}
	others, _, err := other.shares()
	if err != nil {
		return false, err
	}
	// The kernel counts in ticks, on each CPU, so a short round is uncertain.
	length := time.Since(other.begin.at)
	// What a lost server did in this round is unknown.
	disturbed = lost || others > p.tolerated()+2*tick.Seconds()/length.Seconds()
	for _, t := range targets {
		if !t.failed {
			t.keep(disturbed)
		}
	}
	return disturbed, nil
}

// begin takes the marks from which the whole cell is counted.
func (t *target) begin() (err error) {
	t.client.ResetFairness()
	pid := t.proc.hello.PID
	if t.out.User, t.out.Kernel, err = ticks(pid); err != nil {
		return err
	}
	if t.out.IOUring {
		if t.out.Counters, err = t.proc.counters(); err != nil {
			return err
		}
	}
	t.lastEnd = time.Now()
	t.idleMark, err = usageOf(pid)
	return err
}

// turn runs one timed slice.
func (t *target) turn(d time.Duration) error {
	pid := t.proc.hello.PID
	before, err := usageOf(pid)
	if err != nil {
		return err
	}
	t.idleCPU += before.cpu - t.idleMark.cpu
	t.idleTime += time.Since(t.lastEnd)
	s, err := t.client.Run(d)
	if err != nil {
		return err
	}
	after, err := usageOf(pid)
	if err != nil {
		return err
	}
	t.idleMark, t.lastEnd = after, time.Now()
	t.out.Slices = append(t.out.Slices, Slice{
		Requests: s.Requests, Total: s.Total, Length: s.Length, Drain: s.Drain, Due: s.Due, Late: s.Late,
		CPU: after.cpu - before.cpu, Switches: after.switches - before.switches,
		P50: t.client.Latency().Quantile(.5), P99: t.client.Latency().Quantile(.99), P999: t.client.Latency().Quantile(.999),
	})
	return nil
}

// keep files the last slice's latencies.
func (t *target) keep(disturbed bool) {
	t.out.Slices[len(t.out.Slices)-1].Disturbed = disturbed
	if disturbed {
		t.dirty.Add(t.client.Latency())
	} else {
		t.hist.Add(t.client.Latency())
	}
}

// end sums up the timed slices.
func (t *target) end() error {
	o := &t.out
	if o.Clean() == nil {
		t.hist.Add(&t.dirty)
	}
	o.P50, o.P99, o.P999 = t.hist.Quantile(.5), t.hist.Quantile(.99), t.hist.Quantile(.999)
	o.Max = t.hist.Max()
	o.Slowest, o.Fastest = t.client.Fairness()
	if t.idleTime > 0 {
		o.IdleCPU = t.idleCPU.Seconds() / t.idleTime.Seconds()
	}
	user, kernel, err := ticks(t.proc.hello.PID)
	if err != nil {
		return err
	}
	o.User, o.Kernel = user-o.User, kernel-o.Kernel
	if !o.IOUring {
		return nil
	}
	now, err := t.proc.counters()
	for name, n := range o.Counters {
		o.Counters[name] = now[name] - n
	}
	return err
}

// count counts system calls, in a slice of its own.
func (t *target) count(c Counter, d time.Duration) error {
	stop, err := c.Start(t.proc.hello.PID)
	if err != nil {
		return err
	}
	s, err := t.client.Run(d)
	n, serr := stop()
	if err := errors.Join(err, serr); err != nil {
		return err
	}
	if s.Total > 0 {
		perReq := float64(n) / float64(s.Total)
		t.out.SyscallsPerReq = &perReq
	}
	return nil
}
