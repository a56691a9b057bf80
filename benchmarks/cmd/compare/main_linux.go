package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/uringnet/go-uringnet/internal/bench/command"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/report"
	"github.com/uringnet/go-uringnet/internal/bench/servers"
)

func main() { command.Main("compare", run) }

func run(args []string) error {
	if len(args) > 0 && args[0] == "serve" {
		return servers.Serve("compare", args[1:])
	}
	if len(args) > 0 && args[0] == "program" {
		return runProgram(args[1:])
	}
	o, err := parseFlags(args)
	if err != nil {
		return err
	}
	c, err := newComparison(&o)
	if err != nil {
		return err
	}
	all := c.all
	if len(o.adopt) > 0 {
		all = c.programs
	}
	runErr := all()
	if o.jsonFile != "" {
		err = report.WriteJSON(o.jsonFile, c.result)
	}
	return errors.Join(runErr, err)
}

// comparison is a run of compare.
type comparison struct {
	measure.Session
	opts    *options
	printer report.Printer
	result  measure.Result
}

func newComparison(o *options) (*comparison, error) {
	c := &comparison{opts: o, printer: report.Printer{W: os.Stdout, Markdown: o.markdown}}
	session, err := measure.NewSession("./benchmarks/cmd/compare", o.countTime)
	if err != nil {
		return nil, err
	}
	c.Session, c.result.Host = session, session.Host
	return c, nil
}

// all measures every cell. The first one that fails ends the run.
func (c *comparison) all() error {
	c.printer.Host(c.result.Host)
	defer c.printer.Close()
	for _, proto := range c.opts.protos {
		for _, layout := range c.opts.layouts {
			if _, err := layout.Sets(c.Allowed); err != nil {
				fmt.Fprintf(os.Stderr, "compare: left out: %v\n", err)
				continue
			}
			for _, conns := range c.opts.conns {
				if err := c.one(c.plan(proto, layout, conns)); err != nil {
					return fmt.Errorf("%s, layout %s, %d connections: %w", proto, layout, conns, err)
				}
			}
		}
	}
	return nil
}

// one measures a cell and prints it.
func (c *comparison) one(p *measure.Plan) error {
	watchdog := measure.Watch("compare", lifetime(p))
	defer watchdog.Stop()
	cell, err := p.Run()
	if err != nil {
		return err
	}
	if len(c.result.Cells) == 0 {
		c.printer.Status(cell)
	}
	c.result.Cells = append(c.result.Cells, cell)
	c.printer.Cell(cell)
	if c.opts.verbose {
		report.Counters(os.Stderr, cell)
	}
	return nil
}

func (c *comparison) plan(proto string, layout measure.Layout, conns int) *measure.Plan {
	o := c.opts
	return &measure.Plan{
		Specs: o.servers, Proto: proto, Layout: layout, Conns: conns, Size: o.size,
		Slice: o.slice, Rounds: o.rounds, Extra: o.extra, CountTime: o.countTime, Others: o.others,
		Counter: c.Counter, Spin: o.spin, Allowed: c.Allowed, Command: o.command(c.Self), Accept: o.accept,
	}
}

// accept refuses a server that is called uring and is not.
func (o *options) accept(s measure.Spec, iouring bool, status string) error {
	if s.Kind == "std" || iouring || o.allowFallback {
		return nil
	}
	return fmt.Errorf("runs on the %s (use -allow-fallback to measure it all the same)", status)
}
