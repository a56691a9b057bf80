package poller

import (
	"syscall"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// recv is recv(2), or what the seam for tests wants. full reports that b was filled.
func (c *core) recv(sysfd int, b []byte) (n int, full bool, errno syscall.Errno) {
	p := c.p
	if p.seam != nil {
		if b, errno = p.injectCall(slots.OpRecv, b); errno != 0 {
			return 0, false, errno
		}
	}
	begin := timed(&c.stat.recvs)
	n, errno = abi.Recv(sysfd, b, p.company.on.Load())
	p.company.took(begin)
	return n, n == len(b), errno
}

// send is send(2), or what the seam for tests wants.
func (c *core) send(sysfd int, b []byte) (n int, errno syscall.Errno) {
	p := c.p
	if p.seam != nil {
		if b, errno = p.injectCall(slots.OpSend, b); errno != 0 {
			return 0, errno
		}
	}
	begin := timed(&c.stat.sendCalls)
	n, errno = abi.Send(sysfd, b[:min(len(b), maxSend)], p.company.on.Load())
	p.company.took(begin)
	return n, errno
}

func (p *Poller) injectCall(op slots.Op, b []byte) ([]byte, syscall.Errno) {
	v := p.seam.Call(op, len(b))
	if v.MaxLen != 0 {
		b = b[:min(len(b), int(v.MaxLen))]
	}
	return b, v.Errno
}

// transient reports whether an errno says nothing about the connection.
func transient(errno syscall.Errno) bool {
	switch errno {
	case syscall.EAGAIN, syscall.EINTR, syscall.ECANCELED, syscall.ENOMEM, syscall.EBUSY, syscall.ENOBUFS:
		return true
	}
	return false
}

// maxSend is the most that one send asks for.
const maxSend = 1 << 30

// maxTransfer is the most that one read or write moves: MAX_RW_COUNT,
// include/linux/fs.h.
const maxTransfer = 0x7ffff000

// noOffset is the offset of a pipe in a splice: it has none.
const noOffset = 1<<64 - 1
