package main

import (
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// options are the command line.
type options struct {
	json, quick bool
	conns       int

	// Of the side by side.
	slice  time.Duration
	slices int
	port   int // the first of two; 0: the kernel chooses

	// Of the load on a service.
	url              *url.URL // nil: no service
	rate             int      // requests a second
	length           time.Duration
	remote, insecure bool
}

// Limits of the flags, and what -quick makes of two of them.
const (
	maxConns    = 1000
	minSlice    = 10 * time.Millisecond
	maxSlice    = time.Second
	maxSlices   = 100
	maxPort     = 65534 // the next one is used too
	maxRate     = 1_000_000
	minLength   = 10 * time.Millisecond
	maxLength   = time.Hour
	quickSlice  = 50 * time.Millisecond
	quickSlices = 4
)

// Which of the two uses a flag belongs to.
var (
	flagsOfService    = []string{"rate", "for", "remote", "insecure"}
	flagsOfSideBySide = []string{"quick", "slice", "slices", "port"}
)

// text is the value of a flag that is read after all flags are known.
type text string

// String returns the text.
func (t *text) String() string { return string(*t) }

// Set keeps the text.
func (t *text) Set(s string) error {
	*t = text(s)
	return nil
}

// texts are the flags that are not switches, as they were given.
type texts struct{ conns, slice, slices, port, url, rate, length text }

// flagSet returns the flags.
func flagSet(o *options, t *texts) *flag.FlagSet {
	*t = texts{conns: "100", slice: "100ms", slices: "6", port: "0", rate: "1000", length: "10s"}
	fs := flag.NewFlagSet("doctor", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // the errors are returned
	fs.BoolVar(&o.json, "json", false, "print JSON")
	fs.Var(&t.conns, "conns", "`number` of connections of a load")
	fs.BoolVar(&o.quick, "quick", false, fmt.Sprintf("-slice %v -slices %d: less time, less certain", quickSlice, quickSlices))
	fs.Var(&t.slice, "slice", "`length` of a server's turn in the side by side")
	fs.Var(&t.slices, "slices", "`number` of turns of each server")
	fs.Var(&t.port, "port", "loopback `port` of the measured servers, std's; uringnet's is the next; 0: the kernel chooses")
	fs.Var(&t.url, "url", "put a constant load on this HTTP service, at `address` http://HOST:PORT/PATH, and measure nothing else")
	fs.Var(&t.rate, "rate", "requests a `second` (with -url)")
	fs.Var(&t.length, "for", "`length` of the load (with -url)")
	fs.BoolVar(&o.remote, "remote", false, "allow a service that is not on loopback (with -url)")
	fs.BoolVar(&o.insecure, "insecure", false, "take any certificate of the service (with -url)")
	return fs
}

// usage writes the help.
func usage(out io.Writer) {
	fmt.Fprint(out, "usage: doctor [flags]            what uringnet brings on this machine\n"+
		"       doctor -url URL [flags]   a constant load on an HTTP service, and its latency\n\n")
	fs := flagSet(new(options), new(texts))
	fs.SetOutput(out)
	fs.PrintDefaults()
}

// parseFlags reads the command line. The error is flag.ErrHelp if help was asked for.
func parseFlags(args []string) (*options, error) {
	o, t := new(options), new(texts)
	fs := flagSet(o, t)
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for _, f := range wrongUse(given["url"]) {
		if given[f] {
			return nil, misplaced(fs.Lookup(f), given["url"])
		}
	}
	if o.quick && !given["slice"] {
		t.slice = text(quickSlice.String())
	}
	if o.quick && !given["slices"] {
		t.slices = text(strconv.Itoa(quickSlices))
	}
	if err := o.read(t); err != nil {
		return nil, err
	}
	if !given["url"] {
		return o, nil
	}
	var err error
	o.url, err = readURL(string(t.url))
	return o, err
}

// wrongUse are the flags that make no sense with -url, or without it.
func wrongUse(service bool) []string {
	if service {
		return flagsOfSideBySide
	}
	return flagsOfService
}

func misplaced(f *flag.Flag, service bool) error {
	if service {
		return fmt.Errorf("-%s %s: want no -url: it is for the side by side", f.Name, f.Value)
	}
	return fmt.Errorf("-%s %s: want -url: it is for the load on a service", f.Name, f.Value)
}

// read reads the numbers and lengths.
func (o *options) read(t *texts) error {
	for _, n := range []struct {
		flag          string
		value         text
		least, most   int
		into          *int
		none, explain string
	}{
		{"conns", t.conns, 1, maxConns, &o.conns, "", ""},
		{"slices", t.slices, 1, maxSlices, &o.slices, "", ""},
		{"port", t.port, 1, maxPort, &o.port, "0", ", or 0"},
		{"rate", t.rate, 1, maxRate, &o.rate, "", ""},
	} {
		v, err := strconv.Atoi(string(n.value))
		if string(n.value) != n.none && (err != nil || v < n.least || v > n.most) {
			return fmt.Errorf("-%s %s: want %d to %d%s", n.flag, n.value, n.least, n.most, n.explain)
		}
		*n.into = v
	}
	for _, d := range []struct {
		flag        string
		value       text
		least, most time.Duration
		into        *time.Duration
	}{
		{"slice", t.slice, minSlice, maxSlice, &o.slice},
		{"for", t.length, minLength, maxLength, &o.length},
	} {
		v, err := time.ParseDuration(string(d.value))
		if err != nil || v < d.least || v > d.most {
			return fmt.Errorf("-%s %s: want %v to %v", d.flag, d.value, d.least, d.most)
		}
		*d.into = v
	}
	return nil
}

// readURL reads the address of a service.
func readURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Hostname() == "" || u.Opaque != "" {
		return nil, fmt.Errorf("-url %s: want http://HOST:PORT/PATH or https://HOST:PORT/PATH", s)
	}
	return u, nil
}
