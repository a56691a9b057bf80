package uringnet

import (
	"fmt"
	"strings"

	"github.com/uringnet/go-uringnet/poller"
)

// Status says how an Engine runs.
type Status struct {
	// IOUring is whether io_uring is used.
	IOUring bool
	// Ring describes the rings in use, or, where there are none on Linux, what
	// serves connections without them; zero if the standard library does.
	Ring poller.Status
	// Reason is why io_uring is not used, "" if it is.
	Reason string
	// Err is the error behind Reason, if there is one; errors.Is finds the
	// errno in it.
	Err error
	// EnvError is what is wrong with the environment variable URINGNET, "" if
	// nothing is.
	EnvError string
}

// String says it in words.
func (s Status) String() string {
	var b strings.Builder
	switch {
	case s.IOUring:
		fmt.Fprintf(&b, "io_uring: %v", s.Ring)
	case s.Ring.Rings > 0:
		fmt.Fprintf(&b, "no io_uring: %v", s.Ring)
	default:
		fmt.Fprintf(&b, "standard library: %s", s.Reason)
	}
	if s.EnvError != "" {
		fmt.Fprintf(&b, "; environment ignored: %s", s.EnvError)
	}
	return b.String()
}

// Stats are an Engine's counters since it was made.
type Stats struct {
	// Rings holds the counters of each core: a ring with its poller goroutine; empty
	// on the standard library.
	Rings []poller.Counters
	// Total is their sum.
	Total poller.Counters
	// InUse is how many buffers are held now.
	InUse poller.InUse
	// Fallbacks counts connections and listeners that the standard library
	// carries instead of a ring.
	Fallbacks uint64
}
