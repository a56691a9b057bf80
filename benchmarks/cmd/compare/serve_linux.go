package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/servers"
)

// serve is the hidden command that compare runs for each server.
func serve(args []string) error {
	var o servers.Options
	fs := flag.NewFlagSet("compare serve", flag.ContinueOnError)
	fs.StringVar(&o.Kind, "kind", "std", "std, uring or events (echo only)")
	fs.StringVar(&o.Proto, "proto", "echo", "echo or http")
	fs.IntVar(&o.Buf, "buf", 4096, "bytes of an echo server's buffer")
	fs.DurationVar(&o.Work, "work", 0, "for which each answer is computed")
	fs.StringVar(&o.CPUProfile, "cpuprofile", "", "write a CPU profile to this file")
	fs.DurationVar(&o.Lifetime, "lifetime", 10*time.Minute, "how long the server lives at most")
	if err := fs.Parse(args); err != nil {
		return err
	}
	return servers.Run(o, os.Stdin, os.Stdout)
}

// command makes the command that starts a server of a cell.
func (o *options) command(self string) func(*measure.Plan, measure.Spec) *exec.Cmd {
	return func(p *measure.Plan, s measure.Spec) *exec.Cmd {
		cmd := exec.Command(self, "serve", "-kind="+s.Kind, "-proto="+p.Proto,
			fmt.Sprintf("-buf=%d", o.buf), fmt.Sprintf("-work=%v", o.work), fmt.Sprintf("-lifetime=%v", lifetime(p)))
		if o.profile != "" {
			name := strings.NewReplacer(":", "-", ",", "-", "=", "-", "#", "-", "/", "-").Replace(s.Name)
			cmd.Args = append(cmd.Args, fmt.Sprintf("-cpuprofile=%s.%s.%s.%d.%s.pprof", o.profile, p.Proto, p.Layout, p.Conns, name))
		}
		if o.verbose {
			cmd.Stderr = os.Stderr
		} else {
			cmd.Stderr = &measure.Tail{}
		}
		return cmd
	}
}

// lifetime bounds a cell, and the servers in it, generously.
func lifetime(p *measure.Plan) time.Duration { return time.Minute + 5*p.Longest() }
