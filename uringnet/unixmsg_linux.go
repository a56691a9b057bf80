package uringnet

import (
	"io"

	"golang.org/x/sys/unix"
)

// recvMsg receives bytes with their control data by recvmsg(2).
func recvMsg(fd stream, b, oob []byte) (n, oobn, flags int, err error) {
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
	if n == 0 { // to net the end of the stream, also where there was room for none
		return 0, oobn, flags, io.EOF
	}
	return n, oobn, flags, nil
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
