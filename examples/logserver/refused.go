package main

import (
	"errors"
	"syscall"
)

// refused reports whether nobody listens on what was dialed.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
