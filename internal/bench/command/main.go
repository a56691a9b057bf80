// Package command is what the measuring programs' main functions have in common.
package command

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

// Main runs a program of that name with the process's arguments. Where run returns an
// error it ends the process: with status 2 after help, which is printed already, else
// with 1 after printing it.
func Main(name string, run func(args []string) error) {
	err := run(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}
