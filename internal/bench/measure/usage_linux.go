package measure

import "time"

// CPU is the CPU time that a process has used since it began, with all its
// threads: those that ended and the kernel's io_uring workers too.
func CPU(pid int) (time.Duration, error) {
	u, err := usageOf(pid)
	return u.cpu, err
}

// Ticks are the user and kernel time of a process, in hundredths of a second.
func Ticks(pid int) (user, kernel uint64, err error) { return ticks(pid) }

// Order returns the order of n servers in a round: each round begins with
// another.
func Order(round, n int) []int { return order(round, n) }

// Running is a server that was started outside of a cell.
type Running struct {
	Started
	Status string
	proc   *process
}

// Start starts a server on the CPUs of the plan's layout, and puts this process
// on those of the load.
func (p *Plan) Start(s Spec) (*Running, error) {
	sets, err := p.Layout.Sets(p.Allowed)
	if err != nil {
		return nil, err
	}
	if err := PinSelf(sets.Client); err != nil {
		return nil, err
	}
	proc, err := p.launch(s, sets)
	if err != nil {
		return nil, err
	}
	if err := p.Accept(s, proc.hello.IOUring, proc.hello.Status); err != nil {
		proc.stop()
		return nil, err
	}
	return &Running{Status: proc.hello.Status, proc: proc, Started: proc.started()}, nil
}

// Stop ends the server. What it wrote is added to the error, if there is one.
func (r *Running) Stop(err error) error {
	if err == nil {
		r.proc.stop()
		return nil
	}
	r.proc.kill()
	return r.proc.explain(err)
}

// DisturbedBy measures what processes other than these did meanwhile: stop
// returns their share of one CPU.
func DisturbedBy(pids ...int) (stop func() (float64, error), err error) {
	begin, err := machineNow()
	if err != nil {
		return nil, err
	}
	var own time.Duration
	for _, pid := range pids {
		d, err := CPU(pid)
		if err != nil {
			return nil, err
		}
		own += d
	}
	return func() (float64, error) {
		end, err := machineNow()
		if err != nil {
			return 0, err
		}
		used := -own
		for _, pid := range pids {
			d, err := CPU(pid)
			if err != nil {
				return 0, err
			}
			used += d
		}
		return max(0, (end.busy-begin.busy-used).Seconds()/end.at.Sub(begin.at).Seconds()), nil
	}, nil
}
