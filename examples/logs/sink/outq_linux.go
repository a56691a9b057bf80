package sink

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unacknowledged is how many bytes written to a TCP connection its peer's kernel has not
// acknowledged.
func unacknowledged(c net.Conn) (n uint64, err error) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return 0, nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		var queued int
		queued, failed = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		n = uint64(max(queued, 0))
	})
	if err == nil {
		err = failed
	}
	return n, err
}
