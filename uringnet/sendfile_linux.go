package uringnet

import (
	"io"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxSendfile is the most that one sendfile(2) is asked to move.
const maxSendfile = 1 << 30

// sendFile sends r with sendfile(2) if it is a file, or a limited part of one.
// handled is false when nothing was sent and the caller has to copy: then neither
// r nor the connection has been changed. That is so where sendfile cannot be used,
// and where the connection refuses before it is tried; the copying then meets
// the error, as in net.
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

// sendFileFrom is sendFile of at most remain bytes. As in net, the file's own
// readers wait meanwhile, and its Close is put off.
func sendFileFrom(fd stream, src syscall.RawConn, remain int64) (written int64, err error, handled bool) {
	rerr := src.Read(func(from uintptr) bool {
		written, err, handled = sendFileFD(fd, int(from), remain)
		return true
	})
	if err == nil {
		err = rerr
	}
	return written, err, handled
}

// sendFileFD follows internal/poll's SendFile: what was begun is handled, with
// what comes of it; an attempt that waited and sent nothing is a timeout of this
// call, not a reason to copy.
func sendFileFD(fd stream, from int, remain int64) (written int64, err error, handled bool) {
	var sendErr error
	err = fd.RawWrite(func(sysfd uintptr) bool {
		handled = true
		for remain > 0 {
			var n int
			n, sendErr = unix.Sendfile(int(sysfd), from, nil, int(min(remain, maxSendfile)))
			switch {
			case n > 0:
				written += int64(n)
				remain -= int64(n)
			case sendErr == unix.EINTR:
			case sendErr == unix.EAGAIN:
				sendErr = nil
				return false // Deadlines and Close act whenever the socket is full.
			default:
				return true // an error, or end of file
			}
		}
		return true
	})
	if err != nil {
		return written, err, handled
	}
	switch sendErr {
	case unix.ENOSYS, unix.EOPNOTSUPP, unix.EINVAL: // sendfile cannot, for these two
		handled = written > 0
	}
	return written, sendErr, handled
}
