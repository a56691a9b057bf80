package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/uringnet/go-uringnet/internal/adopt"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// programs measures programs of others, built by go and by adopt.
func (c *comparison) programs() error {
	c.printer.Host(c.result.Host)
	defer c.printer.Close()
	dir, err := os.MkdirTemp("", "compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for i, pkg := range c.opts.adopt {
		b := built{pkg: pkg, dir: filepath.Join(dir, fmt.Sprint(i))}
		if err := b.build(); err != nil {
			return fmt.Errorf("-adopt %s: %w", pkg, err)
		}
		for _, rate := range c.opts.rates {
			if err := c.program(b, rate); err != nil {
				return fmt.Errorf("-adopt %s: %w", pkg, err)
			}
		}
	}
	return nil
}

// program measures a program at a rate, in every layout with every number of
// connections.
func (c *comparison) program(b built, rate float64) error {
	for _, layout := range c.opts.layouts {
		if _, err := layout.Sets(c.Allowed); err != nil {
			fmt.Fprintf(os.Stderr, "compare: left out: %v\n", err)
			continue
		}
		for _, conns := range c.opts.conns {
			p := c.plan(c.opts.programProto, layout, conns)
			p.Program, p.Rate = b.pkg, rate
			p.Command = func(_ *measure.Plan, s measure.Spec) *exec.Cmd {
				cmd := exec.Command(c.Self, append([]string{"program", b.path(s.Kind), s.Kind}, c.opts.adoptArgs...)...)
				cmd.Stderr = &measure.Tail{}
				if c.opts.verbose {
					cmd.Stderr = os.Stderr
				}
				return cmd
			}
			p.Accept = func(measure.Spec, bool, string) error { return nil } // runProgram has
			if err := c.one(p); err != nil {
				return fmt.Errorf("%s, layout %s, %d connections, rate %.0f: %w", p.Proto, layout, conns, rate, err)
			}
		}
	}
	return nil
}

// built is a program in a directory of its own.
type built struct{ pkg, dir string }

// path is where what was built by go (kind std) or by adopt is.
func (b built) path(kind string) string { return filepath.Join(b.dir, "program-"+kind) }

// build builds a program both ways.
func (b built) build() error {
	if err := os.Mkdir(b.dir, 0o755); err != nil {
		return err
	}
	pkg, version, versioned := strings.Cut(b.pkg, "@")
	from := pkg
	if versioned {
		from = b.dir
		if err := b.run("mod", "init", "compare.invalid/program"); err != nil {
			return err
		}
		if err := b.run("get", pkg+"@"+version); err != nil {
			return err
		}
	} else {
		pkg = "."
	}
	std := exec.Command("go", "build", "-o", b.path("std"), pkg)
	std.Dir = from
	if out, err := std.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	if status := adopt.Run([]string{"build", "-C", from, "-o", b.path("adopt"), pkg}, os.Stderr, os.Stderr); status != 0 {
		return fmt.Errorf("adopt build: exit status %d", status)
	}
	return nil
}

// run runs go in the program's directory, outside of any workspace.
func (b built) run(args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = b.dir
	cmd.Env = append(cmd.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}
