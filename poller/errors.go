package poller

import "errors"

// ErrUnsupported is what New returns on systems other than Linux.
var ErrUnsupported = errors.New("io_uring needs Linux")

// ErrClosed is returned by calls on a closed FD.
var ErrClosed = errors.New("use of closed file descriptor")

// ErrAhead is what SpliceRead returns while there are bytes received ahead.
var ErrAhead = errors.New("poller: bytes were received ahead")

// ErrPending is what FD.Push returns when more output waits than it may.
var ErrPending = errors.New("too much output is pending")

// ErrIdle is returned by calls on an FD that Config.IdleTimeout has closed.
var ErrIdle = errors.New("connection closed after idle timeout")

// SetupError says why io_uring cannot be used.
type SetupError struct {
	Err    error  // what failed; wraps the errno
	Hint   string // what is likely behind it, "" if unknown
	Kernel string // the running kernel's release
}

// Error implements error.
func (e *SetupError) Error() string {
	if e.Hint == "" {
		return "io_uring cannot be used: " + e.Err.Error() + " (kernel " + e.Kernel + ")"
	}
	return "io_uring cannot be used: " + e.Err.Error() + ": " + e.Hint + " (kernel " + e.Kernel + ")"
}

// Unwrap returns what failed.
func (e *SetupError) Unwrap() error { return e.Err }
