package store

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile takes the lock that f stands for, or fails at once. It is let go
// when f is closed or the process ends.
func lockFile(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
}
