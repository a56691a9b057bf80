package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/benchmarks/internal/suite"
	"github.com/uringnet/go-uringnet/internal/bench/load"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// Waits of the idle part: for the kernel to give back what the last server had,
// and for a server to come to rest.
const (
	releaseTime = 500 * time.Millisecond
	restTime    = 500 * time.Millisecond
)

// idle measures what idle connections cost each server, one at a time.
func (r *runner) idle(most int) error {
	w := &workload{part: "idle", name: "idle", proto: "echo", load: "echo", size: 64, buf: smallBuf}
	layout := measure.LayoutTwo
	if r.opts.layouts != nil {
		layout = r.opts.layouts[0]
	}
	var specs []measure.Spec
	for _, s := range r.opts.servers {
		if r.has(s, w.proto) {
			specs = append(specs, s)
		}
	}
	c := suite.IdleCell{Layout: layout, Conns: min(r.opts.idleConns, most), Servers: make([]suite.IdleServer, len(specs))}
	for i, s := range specs {
		c.Servers[i].Name = s.Name
	}
	if len(specs) > 0 { // the kernel keeps some of what the first one makes it allocate
		if _, _, err := r.idleLife(w, layout, c.Conns, specs[0]); err != nil {
			r.note("idle: %s: %v", specs[0].Name, err)
		}
	}
	for round := range r.opts.idleRound {
		for _, i := range measure.Order(round, len(specs)) {
			s := &c.Servers[i]
			if s.Failed != "" {
				continue
			}
			life, status, err := r.idleLife(w, layout, c.Conns, specs[i])
			if err != nil {
				s.Failed, s.Rounds = err.Error(), nil
				continue
			}
			s.Status, s.Rounds = status, append(s.Rounds, life)
		}
	}
	r.result.Idle = append(r.result.Idle, c)
	r.printer.Idle(&r.result, &c)
	return r.result.WriteJSON(filepath.Join(r.opts.out, "suite.json"))
}

// idleLife starts a server, connects to it, and looks at it while it idles.
func (r *runner) idleLife(w *workload, layout measure.Layout, conns int, spec measure.Spec) (life suite.IdleRound, status string, err error) {
	p := r.plan(w, layout, conns, []measure.Spec{spec})
	watchdog := measure.Watch("suite", r.lifetime(p))
	defer watchdog.Stop()
	server, err := p.Start(spec)
	if err != nil {
		return life, "", err
	}
	defer func() {
		err = server.Stop(err)
		time.Sleep(releaseTime)
	}()
	// A first connection pays for what is made once.
	first, err := r.connectIdle(server, 1)
	if err != nil {
		return life, "", err
	}
	defer first.Close()
	if _, err := first.Run(r.opts.slice); err != nil {
		return life, "", err
	}
	if life.Before, err = memory(server.PID); err != nil {
		return life, "", err
	}
	life.Conns = conns - 1
	client, err := r.connectIdle(server, life.Conns)
	if err != nil {
		return life, "", err
	}
	defer client.Close()
	if life.IdleCPU, err = rest(server.PID); err != nil {
		return life, "", err
	}
	if life.After, err = memory(server.PID); err != nil {
		return life, "", err
	}
	slice, err := first.Run(2 * r.opts.slice)
	life.Requests, life.Length = slice.Requests, slice.Length
	h := first.Latency()
	life.P50, life.P99, life.P999 = h.Quantile(.5), h.Quantile(.99), h.Quantile(.999)
	return life, server.Status, err
}

func (r *runner) connectIdle(s *measure.Running, conns int) (*load.Client, error) {
	ex, err := load.NewExchange("echo", 64)
	if err != nil {
		return nil, err
	}
	return load.Dial(s.Addr, conns, ex)
}

// rest waits a while and returns the share of a CPU that a server took in it.
func rest(pid int) (float64, error) {
	time.Sleep(restTime) // what the connections began may end
	before, err := measure.CPU(pid)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	time.Sleep(restTime)
	after, err := measure.CPU(pid)
	return (after - before).Seconds() / time.Since(begin).Seconds(), err
}

// memory reads what a server and the kernel hold.
func memory(pid int) (m suite.Memory, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, err
	}
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return m, err
	}
	sock, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return m, err
	}
	m.RSS = field(string(status), "VmRSS:", "") << 10
	m.Slab = field(string(info), "Slab:", "") << 10
	m.Sock = field(string(sock), "TCP:", "mem") * int64(os.Getpagesize())
	return m, nil
}

// field finds a number in the line that begins with name: the first one, or the
// one behind key.
func field(text, name, key string) int64 {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != name {
			continue
		}
		for i := 1; i < len(f); i++ {
			if key == "" || f[i-1] == key {
				n, _ := strconv.ParseInt(f[i], 10, 64)
				return n
			}
		}
	}
	return 0
}
