//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes the lock that f stands for, or fails at once. It is let go
// when f is closed or the process ends.
func lockFile(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
