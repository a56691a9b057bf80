package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/servers"
)

// exitUnsupported is how a server ends that does not have a protocol.
const exitUnsupported = 3

// serve is the hidden command that suite runs for its own servers.
func serve(args []string) error {
	err := servers.Serve("suite", args)
	var unsupported *servers.UnsupportedError
	if errors.As(err, &unsupported) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitUnsupported)
	}
	return err
}

// command makes the command that starts a server of a workload.
func (r *runner) command(w *workload) func(*measure.Plan, measure.Spec) *exec.Cmd {
	return func(p *measure.Plan, s measure.Spec) *exec.Cmd {
		args := []string{"-proto=" + w.proto, fmt.Sprintf("-buf=%d", w.buf), fmt.Sprintf("-lifetime=%v", r.lifetime(p))}
		file := r.file
		switch w.proto {
		case "recvfile":
			file = os.DevNull
		case "fsync":
			file = r.tmp
		}
		program := r.built[s.Kind]
		if slices.Contains(ownKinds, s.Kind) {
			program = r.Self
		}
		if !slices.Contains(cKinds, s.Kind) { // those know no files
			args = append([]string{"serve", "-kind=" + s.Kind, "-file=" + file}, args...)
		}
		cmd := exec.Command(program, args...)
		cmd.Stderr = &measure.Tail{}
		if r.opts.verbose {
			cmd.Stderr = os.Stderr
		}
		return cmd
	}
}

// lifetime bounds a cell, and the servers in it, generously: each may get stuck
// once.
func (r *runner) lifetime(p *measure.Plan) time.Duration {
	const stuck = 30 * time.Second
	return time.Minute + 5*p.Longest() + stuck*time.Duration(len(p.Specs))
}

// accept refuses a server that is called uring and is not.
func (r *runner) accept(s measure.Spec, iouring bool, status string) error {
	if iouring || r.opts.fallback || s.Kind != "uring" && s.Kind != "events" && s.Kind != "fasthttp-uring" {
		return nil
	}
	return fmt.Errorf("runs on the %s (use -allow-fallback to measure it all the same)", status)
}
