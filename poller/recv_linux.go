package poller

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// recv asks the kernel by recv(2). done is false if nothing was there, or the FD is
// closed. The state was cleared before; where more may be there it is ready again.
func (fd *FD) recv(b []byte) (n int, err error, done bool) {
	c := fd.p.current()
	st := &c.stat
	fd.rd.clear()
	if !fd.use() {
		return 0, nil, false
	}
	defer fd.unuse()
	for {
		n, full, errno := c.recv(fd.sysfd, b)
		c.received()
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			st.recvMisses.Add(1)
			return 0, nil, false
		case errno != 0:
			fd.rd.note() // what follows has no edge
			return 0, errno, true
		case n == 0:
			fd.rd.note()
			return 0, io.EOF, true
		}
		fd.watchEnd()
		if full || !fd.drained() {
			fd.rd.note()
		}
		st.bytesIn.Add(uint64(n))
		fd.touch()
		return n, nil, true
	}
}

// drained reports whether a receive that has brought less than it was asked for has taken
// all there was, and what comes has an edge: that can be said of plain TCP, as long as
// the end is watched for and no flag was seen that is set but once.
func (fd *FD) drained() bool {
	return !fd.asks.Load() && fd.watched.Load() != 0 && fd.drains()
}

// drains reports whether the socket is one of those.
func (fd *FD) drains() bool {
	if fd.rx.drains == drainsUnknown {
		fd.rx.drains = drainsNot
		// (An MPTCP socket says IPPROTO_MPTCP.)
		if proto, err := unix.GetsockoptInt(fd.sysfd, unix.SOL_SOCKET, unix.SO_PROTOCOL); err == nil && proto == unix.IPPROTO_TCP && !fd.reportsLate() {
			fd.rx.drains = drains
		}
	}
	return fd.rx.drains == drains
}

// watchEnd has the end watched for, but for the first receives: until then the FD is
// not drained. rd.lock is held.
func (fd *FD) watchEnd() {
	if fd.watched.Load() != 0 || fd.arm != nil {
		return
	}
	if fd.rx.asked < askedReads {
		fd.rx.asked++
	} else if !fd.asks.Load() && fd.drains() {
		_ = fd.watch(watchedEnd) // (without it all stays as it is)
	}
}

// accept is accept4(2); done is false if no connection was there. Listeners are always
// asked: other processes may accept on the same socket.
func (fd *FD) accept() (sysfd int, err error, done bool) {
	fd.rd.clear()
	if !fd.use() {
		return -1, nil, false
	}
	defer fd.unuse()
	for {
		sysfd, errno := abi.Accept(fd.sysfd, acceptFlags)
		switch errno {
		case 0:
			fd.p.current().stat.accepts.Add(1)
			return sysfd, nil, true
		case syscall.EINTR, syscall.ECONNABORTED:
			continue
		case syscall.EAGAIN:
			return -1, nil, false
		default:
			return -1, errno, true
		}
	}
}

// acceptFlags are those that net gives its accept4.
const acceptFlags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
