package measure

import (
	"fmt"
	"os"
	"time"
)

// Watch ends the process, with status 1, if a step takes longer than limit: stop
// the timer when the step is done. The servers end with the process, as their
// input does.
func Watch(program string, limit time.Duration) *time.Timer {
	return time.AfterFunc(limit, func() {
		fmt.Fprintf(os.Stderr, "%s: no end within %v: stopped\n", program, limit)
		os.Exit(1)
	})
}
