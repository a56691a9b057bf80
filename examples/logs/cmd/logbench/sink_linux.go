package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/natsnode"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// replicas are the nodes of the servers that send on to JetStream.
var replicas = map[string]int{"events-r1": 1, "events-r3": 3}

// nodes are the NATS servers that a log server sends on to, and what came of it.
type nodes struct {
	list []*natsnode.Node

	sent, delivered uint64        // logs that the server stored, and its sink delivered
	busy            time.Duration // from the begin of each turn until all was delivered
	cpu             time.Duration // of the nodes, meanwhile
}

// startNodes starts so many NATS servers.
func (o *options) startNodes(dir string, n int) (*nodes, error) {
	dir = filepath.Join(dir, "nats")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	list, err := natsnode.New(dir, n, "")
	if err != nil {
		return nil, err
	}
	s := &nodes{list: list}
	for _, node := range list {
		cmd := exec.Command(o.Self, "nats")
		if _, err = cmd.StdinPipe(); err == nil { // open as long as this process lives
			err = node.Start(cmd)
		}
		if err != nil {
			s.kill()
			return nil, err
		}
	}
	return s, nil
}

// serveNATS is the hidden command that runs a NATS server, until the input ends.
func serveNATS(args []string) error {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	return natsnode.Main(args)
}

// sink is the flag that has a log server send to them.
func (n *nodes) sink() string {
	return fmt.Sprintf("-sink=nats://%s?stream=LOGS&create=yes&replicas=%d", natsnode.Addrs(n.list), len(n.list))
}

func (n *nodes) kill() {
	for _, node := range n.list {
		node.Kill()
	}
}

// pids are their process ids.
func (n *nodes) pids() (list []int) {
	for _, node := range n.list {
		list = append(list, node.Pid())
	}
	return list
}

// used is the nodes' CPU time.
func (n *nodes) used() (all time.Duration, err error) {
	for _, pid := range n.pids() {
		d, err := measure.CPU(pid)
		if err != nil {
			return 0, err
		}
		all += d
	}
	return all, nil
}

// sinkState is what a log server says about its sink.
type sinkState struct {
	Connected bool    `json:"connected"`
	Delivered uint64  `json:"delivered"`
	LagBytes  int64   `json:"lag_bytes"`
	P50       float64 `json:"delay_p50_seconds"`
	P99       float64 `json:"delay_p99_seconds"`
}

// sinkState asks the server about its sink.
func (s *server) sinkState() (state sinkState, err error) {
	var v struct {
		Sinks []sinkState `json:"sinks"`
	}
	if err := s.stats(&v); err != nil {
		return state, err
	}
	if len(v.Sinks) != 1 {
		return state, fmt.Errorf("%s has %d sinks", s.name, len(v.Sinks))
	}
	return v.Sinks[0], nil
}

// connected waits until the server's sink has found its stream, which nodes that have just
// been started have to agree on first.
func (s *server) connected() error {
	for begin := time.Now(); time.Since(begin) < drainLimit; time.Sleep(time.Millisecond) {
		if state, err := s.sinkState(); err != nil || state.Connected {
			return err
		}
	}
	return fmt.Errorf("%s: the sink is not connected within %v", s.name, drainLimit)
}

// drainLimit bounds how long a sink may take for what a turn has left behind, and idle is
// how long it delivers nothing once it has nothing left: it looks once a second.
const (
	drainLimit = 5 * time.Minute
	idle       = 1500 * time.Millisecond
)

// follow runs a turn, and returns when the sink has delivered what the turn has stored;
// lossy, all that is left of it when closed segments are removed at once, where a turn
// stores far more than a sink takes. The turn's own length and CPU do not count that.
func (n *nodes) follow(t *target, lossy bool, run func() (turn, error)) (r turn, err error) {
	before, err := n.used()
	if err != nil {
		return r, err
	}
	begin := time.Now()
	if r, err = run(); err != nil {
		return r, err
	}
	n.sent += r.Logs
	if lossy {
		t.sweep()
	}
	last := n.delivered
	for moved := time.Now(); time.Since(begin) < drainLimit; time.Sleep(time.Millisecond) {
		state, err := t.sinkState()
		if err != nil {
			return r, err
		}
		if state.Delivered != last {
			last, moved = state.Delivered, time.Now()
		}
		if last == n.sent || lossy && state.LagBytes == 0 && time.Since(moved) > idle {
			after, err := n.used()
			n.busy, n.cpu, n.delivered = n.busy+moved.Sub(begin), n.cpu+after-before, last
			return r, err
		}
	}
	return r, fmt.Errorf("%s: the sink has delivered %d logs of %d within %v", t.name, last, n.sent, drainLimit)
}

// sinkResult is what came of a server's sink.
type sinkResult struct {
	Rate     float64 // delivered logs a second, from a turn's begin until all was delivered
	Share    float64 // of what was stored, that was delivered
	CPU      float64 // of the nodes, microseconds a delivered log
	P50, P99 float64 // seconds from receipt to delivered
}

// result sums up.
func (n *nodes) result(t *target) (*sinkResult, error) {
	state, err := t.sinkState()
	if err != nil {
		return nil, err
	}
	logs := max(float64(state.Delivered), 1)
	return &sinkResult{
		Rate: logs / n.busy.Seconds(), Share: logs / max(float64(n.sent), 1),
		CPU: float64(n.cpu.Microseconds()) / logs, P50: state.P50, P99: state.P99,
	}, nil
}

// printSinks prints what came of the sinks of a cell, if there are any.
func (c *cell) printSinks() {
	for i := range c.Servers {
		if s := c.Servers[i].Sink; s != nil {
			fmt.Printf("\n%s: %.0f logs/s delivered, %.1f %% of what was stored; from receipt to delivered p50 %.2f ms, p99 %.2f ms; the nodes took %.1f us of CPU a log.\n",
				words(c.Servers[i].Name), s.Rate, 100*s.Share, 1e3*s.P50, 1e3*s.P99, s.CPU)
		}
	}
}
