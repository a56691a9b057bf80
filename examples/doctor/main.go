// Doctor says in about ten seconds what uringnet brings on this machine.
//
//	go run ./examples/doctor           can io_uring be used, what is chosen, a short side by side, a verdict
//	go run ./examples/doctor -quick    the same in about four seconds, less certain
//	go run ./examples/doctor -json     for machines
//	go run ./examples/doctor -url http://127.0.0.1:8080/ -rate 2000 -conns 50 -for 10s
//	                                   a constant load on an HTTP service of yours, and its latency
//
// Everything it prints was asked of the system or measured in the run. The side by
// side has std net and uringnet serve the same load in turns: echo of 64 bytes and a
// short page by net/http, saturated and at a quarter of what std served; each server
// is a process of its own, and each of its turns is compared with std's beside it.
// Figures of a noisy machine drift; -slices 30 takes longer and says more.
//
// The engine is made in a child process, so that the doctor survives a seccomp
// filter that kills or traps in place of refusing with an errno, and can tell of it.
//
// The exit status is 0 after a report, whatever it says; 1 if something could not be
// measured; 2 for a mistake on the command line.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/uringnet/go-uringnet/internal/bench/servers"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	err := command(args, stdout, stderr)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		usage(stdout)
		return 0
	}
	fmt.Fprintln(stderr, "doctor:", err)
	var bad usageError
	if errors.As(err, &bad) {
		return 2
	}
	return 1
}

// usageError is a mistake on the command line.
type usageError struct{ error }

// Unwrap returns the mistake itself.
func (e usageError) Unwrap() error { return e.error }

// The hidden commands, which the doctor runs for itself.
const (
	serveCommand  = "serve"
	statusCommand = "status"
)

func command(args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case serveCommand:
			return servers.Serve("doctor", args[1:])
		case statusCommand:
			return status(stdout)
		}
	}
	o, err := parseFlags(args)
	if err != nil {
		return usageError{err}
	}
	if o.url != nil {
		return loadService(o, stdout, stderr)
	}
	return examine(o, stdout, stderr)
}
