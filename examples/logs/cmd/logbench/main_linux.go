package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/logservers"
	"github.com/uringnet/go-uringnet/internal/bench/command"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// options are the command line.
type options struct {
	servers, workloads []string
	conns, rounds      int
	extra              int
	slice, count       time.Duration
	dir                string
	markdown, verbose  bool
	jsonFile, svgFile  string

	measure.Session
	logserver string // the binary
}

func main() { command.Main("logbench", run) }

func run(args []string) error {
	if len(args) > 0 && args[0] == "serve" {
		return serve(args[1:])
	}
	if len(args) > 0 && args[0] == "nats" {
		return serveNATS(args[1:])
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	base, err := os.MkdirTemp(o.dir, "logbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	o.dir = base
	if err := o.build(); err != nil {
		return err
	}
	if o.Counter == nil {
		fmt.Fprintln(os.Stderr, "system calls are", o.Host.Syscalls)
	}
	fmt.Printf("%s\n%s\n", o.Host.Command, o.Host.Time.Format("2006-01-02 15:04 UTC"))
	var cells []cell
	for _, w := range o.workloads {
		c, err := o.measure(w)
		if err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
		o.print(c, o.Host.Line())
		c.printSinks()
		cells = append(cells, c)
	}
	return o.save(cells)
}

// parse reads the command line.
func parse(args []string) (*options, error) {
	o := new(options)
	fs := flag.NewFlagSet("logbench", flag.ContinueOnError)
	list := fs.String("servers", strings.Join(names, ","), "servers, of "+strings.Join(names, ", ")+"; a logserver may be given flags, events:drive=shared+batch-delay=1ms")
	loads := fs.String("workloads", strings.Join(workloadNames(), ","), "workloads, of "+strings.Join(workloadNames(), ", "))
	smoke := fs.Bool("smoke", false, "two short turns of each, to see that everything works")
	fs.IntVar(&o.conns, "conns", 1000, "connections, 1 to 8000")
	fs.IntVar(&o.rounds, "slices", 8, "turns of each server in a workload, 1 to 100")
	fs.DurationVar(&o.slice, "slice", 500*time.Millisecond, "length of a turn, 10ms to 5s")
	fs.StringVar(&o.dir, "dir", "/var/tmp", "where the servers store; a directory on the disk to be measured")
	fs.BoolVar(&o.markdown, "md", false, "write Markdown tables")
	fs.BoolVar(&o.verbose, "v", false, "show what the servers say")
	fs.StringVar(&o.jsonFile, "json", "", "also write everything measured to this file")
	fs.StringVar(&o.svgFile, "svg", "", "also draw it to this file")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	o.extra, o.count = o.rounds, 200*time.Millisecond
	if *smoke {
		o.rounds, o.extra, o.slice, o.count = 1, 0, 50*time.Millisecond, 50*time.Millisecond
	}
	if o.conns < 1 || o.conns > 8000 || o.rounds < 1 || o.rounds > 100 || o.slice < 10*time.Millisecond || o.slice > 5*time.Second {
		return nil, fmt.Errorf("-conns, -slices or -slice is out of its range")
	}
	for _, l := range []struct {
		text string
		of   []string
		to   *[]string
	}{{*list, names, &o.servers}, {*loads, workloadNames(), &o.workloads}} {
		for _, name := range strings.Split(l.text, ",") {
			if kind, _, _ := strings.Cut(name, ":"); !slices.Contains(l.of, kind) {
				return nil, fmt.Errorf("%q is none of %s", name, strings.Join(l.of, ", "))
			}
			*l.to = append(*l.to, name)
		}
	}
	return o, nil
}

// build builds the log server.
func (o *options) build() (err error) {
	if o.Session, err = measure.NewSession("./examples/logs/cmd/logbench", o.count); err != nil {
		return err
	}
	o.logserver = filepath.Join(o.dir, "logserver")
	out, err := exec.Command("go", "build", "-o", o.logserver, "github.com/uringnet/go-uringnet/examples/logs/cmd/logserver").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build examples/logs/cmd/logserver: %w\n%s", err, out)
	}
	return nil
}

// save writes the files asked for.
func (o *options) save(cells []cell) error {
	if o.jsonFile != "" {
		b, err := json.MarshalIndent(cells, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.jsonFile, append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	if o.svgFile != "" {
		return os.WriteFile(o.svgFile, plot(cells), 0o644)
	}
	return nil
}

// serve is the hidden command that runs one of the baselines.
func serve(args []string) error {
	o := logservers.Options{Lifetime: 30 * time.Minute}
	fs := flag.NewFlagSet("logbench serve", flag.ContinueOnError)
	fs.StringVar(&o.Kind, "kind", "std", "epoll or std")
	fs.StringVar(&o.Dir, "dir", ".", "where to store")
	fs.BoolVar(&o.Sync, "sync", false, "acknowledge after fdatasync")
	if err := fs.Parse(args); err != nil {
		return err
	}
	return logservers.Run(o, os.Stdin, os.Stdout)
}
