package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/benchmarks/internal/suite"
	"github.com/uringnet/go-uringnet/internal/bench/command"
	"github.com/uringnet/go-uringnet/internal/bench/dear"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

func main() { command.Main("suite", run) }

// commands are those that suite runs for itself.
var commands = map[string]func([]string) error{"serve": serve, "filtered": filtered, "spin": spin}

func run(args []string) error {
	if len(args) > 0 {
		if hidden := commands[args[0]]; hidden != nil {
			return hidden(args[1:])
		}
	}
	o, err := parseFlags(args)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if o.reports != nil {
		result, err := suite.Read(o.reports...)
		if err != nil {
			return err
		}
		return write(o.out, result)
	}
	r, err := newRunner(o)
	if err != nil {
		return err
	}
	defer r.close()
	err = r.all()
	r.printer.Targets(&r.result)
	return errors.Join(err, write(o.out, &r.result))
}

// write writes the report.
func write(dir string, r *suite.Result) error {
	path := func(name string) string { return filepath.Join(dir, name) }
	err := errors.Join(r.WriteJSON(path("suite.json")),
		os.WriteFile(path("suite.md"), r.Markdown(), 0o644),
		os.WriteFile(path("suite.html"), r.HTML(), 0o644),
		os.WriteFile(path("suite.svg"), r.SVG(), 0o644))
	if err == nil {
		fmt.Println("\nwritten:", path("suite.json"), path("suite.md"), path("suite.html"), path("suite.svg"))
	}
	return err
}

// runner is a run of the suite.
type runner struct {
	measure.Session
	opts    *options
	tmp     string // of this run, removed at its end
	file    string // to send
	built   map[string]string
	root    string // of the module
	printer suite.Terminal
	result  suite.Result
	// missing are the pairs of server and protocol that do not work.
	missing map[string]bool
	// filters are those that were calibrated, by their goal.
	filters map[time.Duration]*dear.Filter
}

func newRunner(o *options) (_ *runner, err error) {
	r := &runner{opts: o, built: map[string]string{}, missing: map[string]bool{}, filters: map[time.Duration]*dear.Filter{}}
	r.printer = suite.Terminal{W: os.Stdout, Color: isTerminal(os.Stdout)}
	if r.Session, err = measure.NewSession("./benchmarks/cmd/suite", o.countTime); err != nil {
		return nil, err
	}
	r.result.Hosts = []measure.Host{r.Host}
	if r.tmp, err = os.MkdirTemp("", "uringnet-suite-"); err != nil {
		return nil, err
	}
	r.build()
	return r, nil
}

func (r *runner) close() { _ = os.RemoveAll(r.tmp) }

// note tells of something that is missing, once.
func (r *runner) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	before := len(r.result.Notes)
	if r.result.Note(text); len(r.result.Notes) > before {
		fmt.Println("note:", text)
	}
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
