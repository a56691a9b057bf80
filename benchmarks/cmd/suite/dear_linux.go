package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/bench/dear"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/servers"
	"github.com/uringnet/go-uringnet/internal/seccomp"
)

// filtered is the hidden command that makes its own system calls dear and then
// becomes another program, which inherits that on all its threads. Without a
// program it writes what the calls cost.
func filtered(args []string) error {
	fs := flag.NewFlagSet("suite filtered", flag.ContinueOnError)
	steps := fs.Int("steps", 1, "length of the filter")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if err := seccomp.Dear(*steps); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return json.NewEncoder(os.Stdout).Encode(dear.Measure())
	}
	return os.NewSyscallError("execve", unix.Exec(fs.Arg(0), fs.Args(), os.Environ()))
}

// costs runs filtered to see what calls cost with a filter.
func (r *runner) costs(steps int) (c dear.Cost, err error) {
	cmd := exec.Command(r.Self, "filtered", fmt.Sprintf("-steps=%d", steps))
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	limit := measure.Watch("suite", 30*time.Second)
	defer limit.Stop()
	out, err := cmd.Output()
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(out, &c)
}

// filter returns the filter of a workload, nil if it has none. It is the same
// for all servers, and calibrated once in a run.
func (r *runner) filter(w *workload) (*dear.Filter, error) {
	if w.dear == 0 {
		return nil, nil
	}
	if f := r.filters[w.dear]; f != nil {
		return f, nil
	}
	f, err := dear.Calibrate(w.dear, seccomp.MaxSteps, r.costs)
	if err != nil {
		return nil, err
	}
	fmt.Printf("\nfor %d ns: %s\n", w.dear.Nanoseconds(), f)
	r.filters[w.dear] = &f
	return &f, nil
}

// dearly has a server's system calls pass a filter.
func (r *runner) dearly(f *dear.Filter, command func(*measure.Plan, measure.Spec) *exec.Cmd) func(*measure.Plan, measure.Spec) *exec.Cmd {
	return func(p *measure.Plan, s measure.Spec) *exec.Cmd {
		cmd := command(p, s)
		cmd.Args = append([]string{r.Self, "filtered", fmt.Sprintf("-steps=%d", f.Steps), cmd.Path}, cmd.Args[1:]...)
		cmd.Path = r.Self
		return cmd
	}
}

// spin is the hidden command that is a busy neighbour.
func spin(args []string) error {
	fs := flag.NewFlagSet("suite spin", flag.ContinueOnError)
	lifetime := fs.Duration("lifetime", time.Minute, "how long it lives at most")
	if err := fs.Parse(args); err != nil {
		return err
	}
	return servers.Spin(*lifetime, os.Stdin, os.Stdout)
}

// neighbour makes the command that starts one; nil if the workload has none.
func (r *runner) neighbour(w *workload, lifetime time.Duration) func() *exec.Cmd {
	if !w.neighbour {
		return nil
	}
	return func() *exec.Cmd {
		cmd := exec.Command(r.Self, "spin", fmt.Sprintf("-lifetime=%v", lifetime))
		cmd.Env = append(cmd.Environ(), "GOMAXPROCS=1")
		cmd.Stderr = os.Stderr
		return cmd
	}
}

// slowDisk is whether fsync in a directory waits for anything.
func slowDisk(dir string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(dir, &fs) == nil && fs.Type != unix.TMPFS_MAGIC && fs.Type != unix.RAMFS_MAGIC
}
