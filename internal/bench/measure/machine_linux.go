package measure

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of /proc/stat: USER_HZ is 100 on every Linux that Go
// runs on.
const tick = 10 * time.Millisecond

// machine is what all CPUs together did since the system began.
type machine struct {
	at    time.Time
	busy  time.Duration
	steal time.Duration // taken by the host while there was work to do
}

// machineNow reads /proc/stat.
func machineNow() (machine, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machine{}, err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	var user, nice, system, idle, iowait, irq, softirq, steal int64
	if _, err := fmt.Sscanf(string(line), "cpu %d %d %d %d %d %d %d %d",
		&user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal); err != nil {
		return machine{}, fmt.Errorf("/proc/stat: %w", err)
	}
	return machine{
		at:    time.Now(),
		busy:  time.Duration(user+nice+system+irq+softirq) * tick,
		steal: time.Duration(steal) * tick,
	}, nil
}

// oursNow is the CPU time that this process, the servers and the neighbour have
// used.
func (p *Plan) oursNow(targets []*target) (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		return 0, os.NewSyscallError("clock_gettime", err)
	}
	sum := time.Duration(ts.Nano())
	for _, t := range targets {
		if t.failed {
			sum += t.idleMark.cpu // all that is known of it
			continue
		}
		u, err := usageOf(t.proc.hello.PID)
		if err != nil {
			return 0, err
		}
		sum += u.cpu
	}
	if p.beside != nil {
		u, err := usageOf(p.beside.hello.PID)
		if err != nil {
			return 0, err
		}
		sum += u.cpu
	}
	return sum, nil
}

// disturbance watches what else happens on the machine during a cell.
type disturbance struct {
	plan    *Plan
	targets []*target
	begin   machine
	ours    time.Duration
}

func (p *Plan) watch(targets []*target) (d disturbance, err error) {
	d.plan, d.targets = p, targets
	if d.ours, err = p.oursNow(targets); err != nil {
		return d, err
	}
	d.begin, err = machineNow()
	return d, err
}

// shares returns the time since watch that other processes ran, and that the
// host took away, in CPUs.
func (d disturbance) shares() (others, steal float64, err error) {
	end, err := machineNow()
	if err != nil {
		return 0, 0, err
	}
	ours, err := d.plan.oursNow(d.targets)
	if err != nil {
		return 0, 0, err
	}
	length := end.at.Sub(d.begin.at).Seconds()
	others = (end.busy - d.begin.busy - (ours - d.ours)).Seconds() / length
	return max(0, others), (end.steal - d.begin.steal).Seconds() / length, nil
}
