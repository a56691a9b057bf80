package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// Exit codes of the programs.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2 // a mistake on the command line or in the configuration
)

// A Refusal is a value that a flag does not take.
type Refusal struct {
	// Flag is its name, without the dash.
	Flag string
	// Value is what was given.
	Value string
	// Want says what is taken: "2 to 65536".
	Want string
	// Where is "file:line" if a configuration file gave the value.
	Where string
}

// Error says all of it.
func (r *Refusal) Error() string {
	if r.Where != "" {
		return fmt.Sprintf("%s: %s %q: want %s", r.Where, r.Flag, r.Value, r.Want)
	}
	return fmt.Sprintf("-%s %q: want %s", r.Flag, r.Value, r.Want)
}

// usageError marks an error as a mistake of who called the program.
type usageError struct{ error }

// Unwrap returns the mistake itself.
func (e usageError) Unwrap() error { return e.error }

// Usage marks err as a mistake on the command line or in the configuration. nil
// and flag.ErrHelp stay what they are.
func Usage(err error) error {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return usageError{err}
}

// Exit prints an error as "program: error" and returns the exit code for it:
// ExitUsage for what Usage has marked, and for every Refusal. nil and
// flag.ErrHelp print nothing and are ExitOK.
func Exit(stderr io.Writer, program string, err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return ExitOK
	}
	fmt.Fprintf(stderr, "%s: %v\n", program, err)
	var usage usageError
	var refusal *Refusal
	if errors.As(err, &usage) || errors.As(err, &refusal) {
		return ExitUsage
	}
	return ExitFailed
}
