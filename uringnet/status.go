package uringnet

import (
	"fmt"
	"strings"

	"github.com/uringnet/go-uringnet/poller"
)

// Status says how an Engine runs.
type Status struct {
	// IOUring is whether connections are carried by io_uring.
	IOUring bool
	// Ring describes the rings in use; zero if IOUring is false.
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
	if s.IOUring {
		fmt.Fprintf(&b, "io_uring: %v", s.Ring)
	} else {
		fmt.Fprintf(&b, "standard library: %s", s.Reason)
	}
	if s.EnvError != "" {
		fmt.Fprintf(&b, "; environment ignored: %s", s.EnvError)
	}
	return b.String()
}

// Stats are an Engine's counters since it was made.
type Stats struct {
	// Rings holds the counters of each ring; empty on the standard library.
	Rings []poller.Counters
	// Total is their sum.
	Total poller.Counters
	// Fallbacks counts connections and listeners that the standard library
	// carries instead of a ring.
	Fallbacks uint64
}
