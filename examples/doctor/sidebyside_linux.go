package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/servers"
	"github.com/uringnet/go-uringnet/uringnet"
)

const loopback = "127.0.0.1"

// serverBuf is the buffer of an echo server in bytes.
const serverBuf = 4096

// checkPorts finds out whether the servers' ports are free, before anything is
// measured.
func (o *options) checkPorts() error {
	if o.port == 0 {
		return nil
	}
	for _, port := range []int{o.port, o.port + 1} {
		ln, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if err != nil {
			return fmt.Errorf("-port %d: want two free ports: %w", o.port, err)
		}
		if err := ln.Close(); err != nil {
			return err
		}
	}
	return nil
}

// sideBySide measures every kind of load. The error says which could not be measured;
// the others are in s all the same.
func sideBySide(o *options, e Engine) (s SideBySide, err error) {
	s = SideBySide{Conns: o.conns, SliceMs: o.slice.Milliseconds(), Pairs: o.slices, Loads: []Load{}}
	if e.Killed != "" {
		s.Left = "uringnet's server would be killed; with URINGNET=off it is the standard library"
		return s, nil
	}
	allowed, err := measure.Allowed()
	if err != nil {
		return s, err
	}
	if _, err := measure.LayoutTwo.Sets(allowed); err != nil {
		s.Left = err.Error()
		return s, nil
	}
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	var failed []error
	for _, k := range kinds {
		p := plan(o, k, self, allowed)
		watchdog := measure.Watch("doctor", lifetime(p))
		cell, err := p.Run()
		watchdog.Stop()
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", k.name, err))
			s.Loads = append(s.Loads, Load{Name: k.name, Share: k.share, Notes: []string{}, Verdict: NotMeasured, Words: string(NotMeasured), Failed: err.Error()})
			continue
		}
		s.Std, s.Uring, s.IOUring = cell.Servers[0].Status, cell.Servers[1].Status, cell.Servers[1].IOUring
		s.Loads = append(s.Loads, judged(k, cell))
	}
	return s, errors.Join(failed...)
}

// plan is the cell of a load. Servers and load share two CPUs, as a service and its
// neighbours do.
func plan(o *options, k kind, self string, allowed []int) *measure.Plan {
	specs := []measure.Spec{{Name: "std", Kind: "std"}, {Name: "uringnet", Kind: "uring", Env: os.Getenv(uringnet.EnvVar)}}
	return &measure.Plan{
		Proto: k.proto, Layout: measure.LayoutTwo, Conns: o.conns, Size: echoSize, Share: k.share,
		Slice: o.slice, Rounds: o.slices, Extra: (o.slices + 2) / 3, Specs: specs, Allowed: allowed,
		Command: func(p *measure.Plan, s measure.Spec) *exec.Cmd {
			opts := servers.Options{Kind: s.Kind, Proto: p.Proto, Buf: serverBuf, Addr: o.addr(s), Lifetime: lifetime(p)}
			cmd := exec.Command(self, servers.Flags(opts)...)
			cmd.Stderr = &measure.Tail{}
			return cmd
		},
		Accept: func(measure.Spec, bool, string) error { return nil },
	}
}

// addr is where a server listens.
func (o *options) addr(s measure.Spec) string {
	port := o.port
	if port != 0 && s.Kind != "std" {
		port++
	}
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}

// lifetime bounds a cell, and the servers in it, generously.
func lifetime(p *measure.Plan) time.Duration { return time.Minute + 5*p.Longest() }
