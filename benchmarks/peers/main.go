package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// exitUnsupported is how a process ends that cannot serve what it was asked to.
const exitUnsupported = 3

// unsupportedError says that a peer does not have a protocol, and why.
type unsupportedError struct{ kind, proto, reason string }

func (e *unsupportedError) Error() string {
	return fmt.Sprintf("unsupported: %s has no %s: %s", e.kind, e.proto, e.reason)
}

// options are what a server process is started with.
type options struct {
	kind     string
	proto    string
	buf      int
	file     string
	lifetime time.Duration
}

func main() {
	err := run(os.Args[1:])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	var unsupported *unsupportedError
	if errors.As(err, &unsupported) {
		os.Exit(exitUnsupported)
	}
	os.Exit(1)
}

func run(args []string) error {
	if len(args) == 1 && args[0] == "kinds" {
		listKinds(os.Stdout)
		return nil
	}
	if len(args) == 0 || args[0] != "serve" {
		return errors.New("usage: peers kinds | peers serve -kind K -proto P [-buf N] [-file PATH] [-lifetime D]")
	}
	var o options
	fs := flag.NewFlagSet("peers serve", flag.ContinueOnError)
	fs.StringVar(&o.kind, "kind", "", "which library serves: see peers kinds")
	fs.StringVar(&o.proto, "proto", "echo", "echo, sink, source, file or http")
	fs.IntVar(&o.buf, "buf", 4096, "bytes of the application's buffer, where it has one")
	fs.StringVar(&o.file, "file", "", "what the file protocol sends")
	fs.DurationVar(&o.lifetime, "lifetime", 10*time.Minute, "how long the server lives at most")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	if o.buf <= 0 {
		return fmt.Errorf("-buf %d: must be more than 0", o.buf)
	}
	return serve(o)
}
