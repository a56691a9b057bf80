package main

import (
	"errors"
	"syscall"
)

// refused reports whether nobody listens on what was dialed.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// inUse reports whether somebody else listens on an address.
func inUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
