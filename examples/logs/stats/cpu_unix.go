//go:build unix

package stats

import (
	"syscall"
	"time"
)

// CPUTime returns the CPU time that the process has used, io_uring's worker
// threads included, in user mode and in the kernel; zeros where the system
// does not tell.
func CPUTime() (user, system time.Duration) {
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		return 0, 0
	}
	return time.Duration(ru.Utime.Nano()), time.Duration(ru.Stime.Nano())
}
