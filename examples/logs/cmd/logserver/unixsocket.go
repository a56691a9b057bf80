//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// withMask calls f with a umask that gives the files it makes no permissions but
// those of mode. The mask is the process's: the server has one goroutine when it
// is called.
func withMask(mode fs.FileMode, f func() error) error {
	old := syscall.Umask(int(^mode & 0o777))
	defer syscall.Umask(old)
	return f()
}

// setGroup gives a file to a group.
func setGroup(path string, gid int) error { return os.Chown(path, -1, gid) }
