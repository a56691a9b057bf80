//go:build !unix && !windows

package stats

import "time"

// CPUTime returns the CPU time that the process has used: zeros, this system
// does not tell.
func CPUTime() (user, system time.Duration) { return 0, 0 }
