package uringnet

import (
	"io"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxSendfile is the most that one sendfile(2) is asked to move.
const maxSendfile = 1 << 30

// sendFile sends r with sendfile(2) if it is a regular file, or a limited
// part of one. handled is false when nothing was sent and the caller has to
// copy.
func sendFile(fd stream, r io.Reader) (written int64, err error, handled bool) {
	remain := int64(1<<63 - 1)
	lr, limited := r.(*io.LimitedReader)
	if limited {
		if lr.N <= 0 {
			return 0, nil, true
		}
		remain, r = lr.N, lr.R
	}
	// An *os.File, or what its WriteTo wraps it in for io.Copy.
	f, ok := r.(interface {
		fs.File
		io.Seeker
		syscall.Conn
	})
	if !ok {
		return 0, nil, false
	}
	src, err := f.SyscallConn()
	if err != nil {
		return 0, nil, false
	}
	written, err, handled = sendFileFrom(fd, src, remain)
	if limited {
		lr.N -= written
	}
	return written, err, handled
}

func sendFileFrom(fd stream, src syscall.RawConn, remain int64) (written int64, err error, handled bool) {
	var sendErr error
	send := func(sysfd uintptr) bool {
		for remain > 0 {
			var n int
			cerr := src.Control(func(from uintptr) {
				n, sendErr = unix.Sendfile(int(sysfd), int(from), nil, int(min(remain, maxSendfile)))
			})
			if cerr != nil {
				sendErr = cerr
				return true
			}
			switch {
			case n > 0:
				written += int64(n)
				remain -= int64(n)
			case sendErr == unix.EINTR:
				continue
			case sendErr == unix.EAGAIN:
				sendErr = nil
				return false
			default:
				return true // an error, or end of file
			}
		}
		return true
	}
	// Deadlines and Close act whenever the socket is full, as in net.
	err = fd.RawWrite(send)
	if err == nil {
		err = sendErr
	}
	if written == 0 && err != nil {
		// A file that sendfile cannot read, or an error that the copy will
		// meet as well and report as net does.
		return 0, nil, false
	}
	return written, err, true
}
