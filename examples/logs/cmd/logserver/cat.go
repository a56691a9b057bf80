package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
	"github.com/uringnet/go-uringnet/examples/logs/query"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// cat is what the command of that name is asked for.
type cat struct {
	query  query.Query
	follow bool
	files  bool // tell of the segments, not of the records
	json   bool
	format string
	escape string

	queryRefused func() error // the first value that the query did not accept
	refused      error        // the first of the others
}

// Values of -escape.
const (
	escapeAuto   = "auto"
	escapeAlways = "always"
	escapeNever  = "never"
)

func (c *cat) flags() *flag.FlagSet {
	fs := flag.NewFlagSet("cat", flag.ContinueOnError)
	c.query.Now = time.Now()
	c.queryRefused = c.query.Flags(fs)
	fs.BoolVar(&c.follow, "f", false, "go on with what is stored from now on; of one directory")
	fs.BoolVar(&c.json, "json", false, "print JSON, an object a line")
	fs.StringVar(&c.format, "format", "", "print a log as this `template` of Go's text/template says; see below")
	fs.BoolVar(&c.files, "files", false, "print a line about each segment instead")
	c.escape = escapeAuto
	fs.Func("escape", "`when` to escape what could mislead: always, never, or auto, which is always on a\nterminal and control characters elsewhere; see below (default auto)", func(s string) error {
		if s != escapeAuto && s != escapeAlways && s != escapeNever {
			c.refuse("escape", s, fmt.Sprintf("%s, %s or %s", escapeAuto, escapeAlways, escapeNever))
		}
		c.escape = s
		return nil
	})
	fs.BoolFunc("raw", "the same as -escape never", func(string) error {
		c.escape = escapeNever
		return nil
	})
	return fs
}

// refuse notes a value that is not accepted.
func (c *cat) refuse(name, value, want string) {
	if c.refused == nil {
		c.refused = &query.Refusal{Name: name, Value: value, Want: want}
	}
}

// runCat prints stored logs.
func runCat(args []string, out, errs io.Writer) error {
	var c cat
	fs := c.flags()
	if ok, err := parseCommand(fs, args, out); !ok {
		return err
	}
	if c.json && c.format != "" {
		c.refuse("format", c.format, "either it or -json")
	}
	w := bufio.NewWriterSize(out, 64<<10)
	printEntry, err := c.printer(w, out)
	if err != nil {
		c.refuse("format", c.format, "a template: "+err.Error())
	}
	if err := cmp.Or(c.queryRefused(), c.refused); err != nil {
		return cli.Usage(fmt.Errorf("-%w", err))
	}
	if c.files {
		err := scan(fs.Args(), *c.query.Scanner(nil), func(path string, scan func(func(store.Record) error) error) error {
			return describe(w, path, scan)
		})
		return cmp.Or(w.Flush(), err)
	}
	groups, err := segmentGroups(fs.Args())
	if err != nil {
		return err
	}
	if c.follow {
		if info, err := os.Stat(fs.Arg(0)); fs.NArg() != 1 || err == nil && !info.IsDir() {
			return cli.Usage(errors.New("-f: want one directory"))
		}
	}
	ctx := context.Background()
	end, err := c.query.Run(ctx, nil, groups, printEntry)
	if c.follow && (err == nil || errors.Is(err, store.ErrDamaged)) {
		complain := func(err error) { fmt.Fprintln(printable{errs}, "logserver:", err) }
		if err != nil {
			complain(err)
		}
		err = c.query.Follow(ctx, query.Following{Dir: fs.Arg(0), From: end, Emit: printEntry, Idle: w.Flush, Complain: complain})
	}
	return cmp.Or(w.Flush(), err)
}

// printer returns what prints an entry to w, which ends up on out.
func (c *cat) printer(w *bufio.Writer, out io.Writer) (func(*query.Entry) error, error) {
	e := c.escaping(out)
	if c.format != "" {
		return templatePrinter(w, c.format, e)
	}
	var line []byte
	return func(entry *query.Entry) error {
		if c.json {
			line = query.AppendJSON(line[:0], entry)
		} else {
			line = append(e.append(line[:0], entry.Text()), '\n')
		}
		_, err := w.Write(line)
		return err
	}, nil
}

// parseCommand parses the flags and paths of a command. Unless ok, the command
// has ended: with an error, or with the help that was asked for.
func parseCommand(fs *flag.FlagSet, args []string, out io.Writer) (ok bool, err error) {
	fs.SetOutput(io.Discard) // errors are returned
	err = fs.Parse(args)
	switch line := fmt.Sprintf("usage: logserver %s [flags] dir|segment...", fs.Name()); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(out, line)
		fs.SetOutput(out)
		fs.PrintDefaults()
		if fs.Lookup("escape") != nil {
			fmt.Fprint(out, formatHelp, escapeHelp)
		}
		return false, nil
	case err != nil:
		return false, cli.Usage(err)
	case fs.NArg() == 0:
		return false, cli.Usage(errors.New(line))
	}
	return true, nil
}

// escaping is what -escape asks for on out.
func (c *cat) escaping(out io.Writer) escaping {
	switch {
	case c.escape == escapeNever:
		return escapeNothing
	case c.escape == escapeAlways || cli.IsTerminal(out):
		return escapeAll
	default:
		return escapeControls
	}
}

// segmentGroups returns the segments of paths, which are segments and directories of them:
// those of a directory belong together, and those that are given one after the other.
func segmentGroups(paths []string) (groups [][]string, err error) {
	open := false // the last group takes further segments
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		group := []string{path}
		if info.IsDir() {
			if group, err = store.Segments(path); err != nil {
				return nil, err
			}
		}
		if open && !info.IsDir() {
			groups[len(groups)-1] = append(groups[len(groups)-1], path)
			continue
		}
		groups = append(groups, group)
		open = !info.IsDir()
	}
	return groups, nil
}

// scan calls f for each segment of the paths, with the function that reads it. Segments
// that are torn or damaged do not stop it; the error tells of them. (Torn is also the one
// that a server is writing to; that one goes without saying.)
func scan(paths []string, s store.Scanner, f func(path string, scan func(func(store.Record) error) error) error) error {
	groups, err := segmentGroups(paths)
	if err != nil {
		return err
	}
	var damaged []error
	for _, group := range groups {
		for _, path := range group {
			err := f(path, func(fn func(store.Record) error) error { return s.Scan(path, fn) })
			switch {
			case err == nil, errors.Is(err, store.ErrTorn), errors.Is(err, os.ErrNotExist): // removed meanwhile
			case errors.Is(err, store.ErrDamaged):
				damaged = append(damaged, err)
			default:
				return err
			}
		}
	}
	return errors.Join(damaged...)
}
