package load

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// napper returns a sleep that ends within microseconds of when it should: Go's own
// are rounded to milliseconds. It belongs to the calling goroutine, which keeps its
// thread until done.
func napper() (nap func(time.Duration), done func(), err error) {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, timerSlack, 0, 0, 0); err != nil {
		runtime.UnlockOSThread()
		return nil, nil, os.NewSyscallError("prctl", err)
	}
	nap = func(d time.Duration) {
		ts := unix.NsecToTimespec(int64(d))
		_ = unix.Nanosleep(&ts, nil) // a signal may end it: the caller looks at the clock
	}
	return nap, func() {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) // 0 is the default again
		runtime.UnlockOSThread()
	}, nil
}
