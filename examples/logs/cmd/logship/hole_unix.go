//go:build linux || freebsd || darwin

package main

import (
	"errors"
	"runtime"
	"syscall"
)

// seekData is the whence of lseek that looks for data.
var seekData = map[string]int{"linux": 3, "freebsd": 3, "darwin": 4}[runtime.GOOS]

// noData reports whether lseek said that all that follows is a hole.
func noData(err error) bool { return errors.Is(err, syscall.ENXIO) }
