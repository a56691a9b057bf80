package measure

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/uringnet/go-uringnet/benchmarks/internal/load"
)

// Spec is a server to measure.
type Spec struct {
	Name string // unique in its plan
	Kind string // one of servers.Kinds
	Env  string // value of URINGNET
}

// tolerated is the CPU time, of one CPU, that other processes may take in a
// round before it counts as disturbed.
const tolerated = 0.1

// Plan is a cell to measure.
type Plan struct {
	Proto     string
	Layout    Layout
	Conns     int
	Size      int
	Slice     time.Duration // a server's turn
	Rounds    int           // turns of each server
	Extra     int           // more turns at most, in place of disturbed ones
	CountTime time.Duration // of the slice in which system calls are counted
	Specs     []Spec        // the first is what the others are compared with
	Counter   Counter       // nil: system calls are not counted
	Spin      bool          // the client does not sleep in LayoutOne
	// Allowed are the CPUs to use.
	Allowed []int
	// Command makes the command that starts a server. It sets neither
	// affinity nor standard input and output.
	Command func(p *Plan, s Spec) *exec.Cmd
	// Accept looks at a server that has started, to refuse it.
	Accept func(s Spec, iouring bool, status string) error
}

// Longest is how long the cell may take if all goes well, start and stop of
// the servers left out.
func (p *Plan) Longest() time.Duration {
	return time.Duration(len(p.Specs)) * (time.Duration(p.Rounds+p.Extra+1)*p.Slice + p.CountTime)
}

// target is a server under measurement.
type target struct {
	spec   Spec
	proc   *process
	client *load.Client
	hist   load.Histogram // of all timed slices whose round was not disturbed
	dirty  load.Histogram // of the others
	out    Server

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
	defer func() {
		for _, t := range targets {
			t.stop()
			if err != nil {
				err = t.proc.explain(err)
			}
		}
	}()
	for _, s := range p.Specs {
		t, err := p.start(s, sets)
		if err != nil {
			return Cell{}, fmt.Errorf("%s: %w", s.Name, err)
		}
		targets = append(targets, t)
	}
	if err := p.warmUp(targets); err != nil {
		return Cell{}, err
	}
	c := Cell{Proto: p.Proto, Layout: p.Layout, Conns: p.Conns, Size: p.Size, Slice: p.Slice, Spin: p.Spin && p.Layout == LayoutOne}
	if err := p.measure(&c, targets); err != nil {
		return Cell{}, err
	}
	if err := p.count(targets); err != nil {
		return Cell{}, err
	}
	for _, t := range targets {
		c.Servers = append(c.Servers, t.out)
	}
	return c, nil
}

// start starts a server and connects to it.
func (p *Plan) start(s Spec, sets CPUSets) (*target, error) {
	cmd := p.Command(p, s)
	cmd.Env = append(cmd.Environ(), fmt.Sprintf("GOMAXPROCS=%d", sets.MaxProcs), "URINGNET="+s.Env)
	proc, err := startProcess(cmd, sets.Server)
	if err != nil {
		return nil, err
	}
	t := &target{spec: s, proc: proc}
	t.out = Server{Name: s.Name, Env: s.Env, IOUring: proc.hello.IOUring, Status: proc.hello.Status}
	if err := t.connect(p); err != nil {
		t.stop()
		return nil, proc.explain(err)
	}
	return t, nil
}

func (t *target) connect(p *Plan) error {
	if err := p.Accept(t.spec, t.out.IOUring, t.out.Status); err != nil {
		return err
	}
	if got := t.proc.hello.GOMAXPROCS; p.Layout == LayoutOne && got != 1 {
		return fmt.Errorf("the server has GOMAXPROCS=%d", got)
	}
	ex, err := load.NewExchange(p.Proto, p.Size)
	if err != nil {
		return err
	}
	if t.client, err = load.Dial(t.proc.hello.Addr, p.Conns, ex); err != nil {
		return err
	}
	t.client.Spin = p.Spin && p.Layout == LayoutOne
	return nil
}

func (t *target) stop() {
	if t.client != nil {
		t.client.Close()
	}
	t.proc.stop()
}

// warmUp runs a slice of each server whose figures are thrown away.
func (p *Plan) warmUp(targets []*target) error {
	for _, t := range targets {
		if _, err := t.client.Run(p.Slice); err != nil {
			return fmt.Errorf("%s: warm-up: %w", t.spec.Name, err)
		}
	}
	return nil
}

// measure runs all timed slices of the cell.
func (p *Plan) measure(c *Cell, targets []*target) error {
	other, err := watch(targets)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if err := t.begin(); err != nil {
			return fmt.Errorf("%s: %w", t.spec.Name, err)
		}
	}
	for round, clean := 0, 0; clean < p.Rounds && round < p.Rounds+p.Extra; round++ {
		disturbed, err := p.round(round, targets)
		if err != nil {
			return err
		}
		if !disturbed {
			clean++
		}
	}
	if c.Others, c.Steal, err = other.shares(targets); err != nil {
		return err
	}
	for _, t := range targets {
		if err := t.end(); err != nil {
			return fmt.Errorf("%s: %w", t.spec.Name, err)
		}
	}
	return nil
}

// round gives each server a turn. It says whether other processes took much of
// the machine meanwhile.
func (p *Plan) round(n int, targets []*target) (disturbed bool, err error) {
	other, err := watch(targets)
	if err != nil {
		return false, err
	}
	for _, i := range order(n, len(targets)) {
		if err := targets[i].turn(p.Slice); err != nil {
			return false, fmt.Errorf("%s: round %d: %w", targets[i].spec.Name, n+1, err)
		}
	}
	others, _, err := other.shares(targets)
	if err != nil {
		return false, err
	}
	// The kernel counts in ticks, on each CPU, so a short round is uncertain.
	length := time.Since(other.begin.at)
	disturbed = others > tolerated+2*tick.Seconds()/length.Seconds()
	for _, t := range targets {
		t.keep(disturbed)
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
		Requests: s.Requests, Total: s.Total, Length: s.Length, Drain: s.Drain,
		CPU: after.cpu - before.cpu, Switches: after.switches - before.switches,
		P50: t.client.Latency().Quantile(.5), P99: t.client.Latency().Quantile(.99),
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

// count counts system calls, in a slice of its own for each server.
func (p *Plan) count(targets []*target) error {
	if p.Counter == nil {
		return nil
	}
	for _, t := range targets {
		stop, err := p.Counter.Start(t.proc.hello.PID)
		if err != nil {
			return fmt.Errorf("%s: count system calls: %w", t.spec.Name, err)
		}
		s, err := t.client.Run(p.CountTime)
		n, serr := stop()
		if err := errors.Join(err, serr); err != nil {
			return fmt.Errorf("%s: count system calls: %w", t.spec.Name, err)
		}
		if s.Total > 0 {
			perReq := float64(n) / float64(s.Total)
			t.out.SyscallsPerReq = &perReq
		}
	}
	return nil
}
