package servers

import (
	"flag"
	"fmt"
	"os"
	"time"
)

// defaultLifetime is how long a server lives that was not told.
const defaultLifetime = 10 * time.Minute

// Serve is the hidden command serve of a program that measures: the server of
// one cell, in a process of its own. It reads args as Flags gives them, without
// the first, and its life is that of Run.
func Serve(program string, args []string) error {
	o, err := parse(program, args)
	if err != nil {
		return err
	}
	return Run(o, os.Stdin, os.Stdout)
}

func parse(program string, args []string) (o Options, err error) {
	fs := flag.NewFlagSet(program+" serve", flag.ContinueOnError)
	fs.StringVar(&o.Kind, "kind", "std", "std, uring or events")
	fs.StringVar(&o.Proto, "proto", "echo", "protocol")
	fs.StringVar(&o.Addr, "addr", "", "address to listen on; empty: a loopback port that the kernel chooses")
	fs.IntVar(&o.Buf, "buf", 4096, "bytes of a connection's buffer")
	fs.DurationVar(&o.Work, "work", 0, "for which each answer is computed")
	fs.StringVar(&o.File, "file", "", "file to send or to write; of fsync, the directory")
	fs.StringVar(&o.CPUProfile, "cpuprofile", "", "write a CPU profile to this file")
	fs.DurationVar(&o.Lifetime, "lifetime", defaultLifetime, "how long the server lives at most")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return o, nil
}

// Flags are the arguments that make a program run Serve with o. What is at its
// zero value is left out.
func Flags(o Options) []string {
	args := []string{"serve"}
	for _, f := range []struct {
		name  string
		value any
		set   bool
	}{
		{"kind", o.Kind, o.Kind != ""},
		{"proto", o.Proto, o.Proto != ""},
		{"addr", o.Addr, o.Addr != ""},
		{"buf", o.Buf, o.Buf != 0},
		{"work", o.Work, o.Work != 0},
		{"file", o.File, o.File != ""},
		{"cpuprofile", o.CPUProfile, o.CPUProfile != ""},
		{"lifetime", o.Lifetime, o.Lifetime != 0},
	} {
		if f.set {
			args = append(args, fmt.Sprintf("-%s=%v", f.name, f.value))
		}
	}
	return args
}
