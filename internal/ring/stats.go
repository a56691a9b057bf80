package ring

import "sync/atomic"

// Stats count what a ring does. Each is written by whoever does what it counts.
type Stats struct {
	Enters    atomic.Uint64 // io_uring_enter calls
	SQEs      atomic.Uint64 // requests submitted
	CQEs      atomic.Uint64 // completions reaped
	Reaps     atomic.Uint64 // reaps that found completions
	Overflows atomic.Uint64 // times the completion queue overflowed
	Cancels   atomic.Uint64 // cancellations submitted
}
