package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/servers"
)

// command makes the command that starts a server of a cell.
func (o *options) command(self string) func(*measure.Plan, measure.Spec) *exec.Cmd {
	return func(p *measure.Plan, s measure.Spec) *exec.Cmd {
		opts := servers.Options{Kind: s.Kind, Proto: p.Proto, Buf: o.buf, Work: o.work, Lifetime: lifetime(p)}
		if o.profile != "" {
			name := strings.NewReplacer(":", "-", ",", "-", "=", "-", "#", "-", "/", "-").Replace(s.Name)
			opts.CPUProfile = fmt.Sprintf("%s.%s.%s.%d.%s.pprof", o.profile, p.Proto, p.Layout, p.Conns, name)
		}
		cmd := exec.Command(self, servers.Flags(opts)...)
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
