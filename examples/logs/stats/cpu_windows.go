package stats

import (
	"syscall"
	"time"
)

// CPUTime returns the CPU time that the process has used, in user mode and in
// the kernel; zeros where the system does not tell.
func CPUTime() (user, system time.Duration) {
	process, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0, 0
	}
	var created, exited, kernel, mine syscall.Filetime
	if err := syscall.GetProcessTimes(process, &created, &exited, &kernel, &mine); err != nil {
		return 0, 0
	}
	return ticks(mine), ticks(kernel)
}

// ticks converts a duration that Windows gives in units of 100 ns. (Filetime's
// own methods are about points in time.)
func ticks(f syscall.Filetime) time.Duration {
	return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
}
