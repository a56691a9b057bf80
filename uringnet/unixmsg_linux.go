package uringnet

import (
	"io"

	"golang.org/x/sys/unix"
)

// recvMsg receives bytes with their control data by recvmsg(2). What was
// received ahead comes first.
func recvMsg(fd stream, b, oob []byte) (n, oobn, flags int, err error) {
	if n, ok, err := fd.(readAhead).TakeAhead(b); ok || err != nil {
		return n, 0, 0, endOfMessages(n, err)
	}
	var opErr error
	err = fd.RawRead(func(s uintptr) bool {
		for {
			n, oobn, flags, _, opErr = unix.Recvmsg(int(s), b, oob, unix.MSG_CMSG_CLOEXEC)
			if opErr != unix.EINTR {
				return opErr != unix.EAGAIN
			}
		}
	})
	if err == nil {
		err = opErr
	}
	if err != nil {
		return n, 0, 0, err // n is -1 after a wait, as in net
	}
	return n, oobn, flags, endOfMessages(n, nil)
}

// endOfMessages is the error of a receive: to net, no bytes are the end of the
// stream, also where there was room for none.
func endOfMessages(n int, err error) error {
	if n == 0 && err == nil {
		return io.EOF
	}
	return err
}

// readAhead is a stream that may hold bytes received ahead of Read.
type readAhead interface {
	// TakeAhead stops receiving ahead for good and moves what is held to b.
	// ok is false if nothing was.
	TakeAhead(b []byte) (n int, ok bool, err error)
}

// sendMsg sends bytes with control data by one sendmsg(2).
func sendMsg(fd stream, b, oob []byte) (n, oobn int, err error) {
	var opErr error
	err = fd.RawWrite(func(s uintptr) bool {
		for {
			n, opErr = unix.SendmsgN(int(s), b, oob, nil, unix.MSG_NOSIGNAL)
			if opErr != unix.EINTR {
				return opErr != unix.EAGAIN
			}
		}
	})
	if err == nil {
		err = opErr
	}
	if err != nil {
		return 0, 0, err
	}
	return n, len(oob), nil
}
