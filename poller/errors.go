package poller

import "errors"

// ErrUnsupported is what New returns on systems other than Linux.
var ErrUnsupported = errors.New("io_uring needs Linux")

// ErrClosed is returned by calls on a closed FD.
var ErrClosed = errors.New("use of closed file descriptor")

// ErrIdle is returned by calls on an FD that Config.IdleTimeout has closed.
var ErrIdle = errors.New("connection closed after idle timeout")
