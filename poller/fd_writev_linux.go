package poller

import (
	"io"
	"syscall"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"
)

// maxIovecs is how many buffers one gathered send takes (UIO_MAXIOV).
const maxIovecs = 1024

// gather is the memory of a gathered send: it stays on the heap while the
// kernel has it.
type gather struct {
	hdr  unix.Msghdr
	iovs []unix.Iovec // point at the caller's buffers and keep them alive
}

// Writev writes all of bs, in order, with gathered sends. It returns how many
// bytes the kernel has taken; bs itself is not changed. Errors as Write's.
func (fd *FD) Writev(bs [][]byte) (int64, error) {
	fd.wl.Lock()
	defer fd.wl.Unlock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	var total int64
	rest := advance(append([][]byte(nil), bs...), 0)
	size := 0
	for _, b := range rest {
		size += len(b)
	}
	zc := fd.wantZeroCopy(size)
	for {
		if err := fd.writable(); err != nil {
			return total, err
		}
		if len(rest) == 0 {
			return total, nil
		}
		fd.tx.again = true
		res, err := fd.await(fd.queueSendmsg(rest, zc))
		if err != nil {
			return total + int64(max(res, 0)), err
		}
		switch {
		case zc && fd.refusedZeroCopy(res):
			zc = false
		case res > 0:
			total += int64(res)
			if rest = advance(rest, int(res)); len(rest) == 0 {
				return total, nil
			}
		case res == 0:
			return total, io.ErrUnexpectedEOF
		case transient(syscall.Errno(-res)):
			if err := fd.waitWritable(); err != nil {
				return total, err
			}
		default:
			return total, fd.writeErr(syscall.Errno(-res))
		}
	}
}

// advance drops the first n bytes of bs, and empty buffers that come next.
func advance(bs [][]byte, n int) [][]byte {
	for len(bs) > 0 && n >= len(bs[0]) {
		n -= len(bs[0])
		bs = bs[1:]
	}
	if n > 0 {
		bs[0] = bs[0][n:]
	}
	return bs
}

// queueSendmsg queues one send of as many buffers as it takes.
func (fd *FD) queueSendmsg(bs [][]byte, zc bool) *ring {
	g := &gather{}
	size := 0
	for _, b := range bs {
		if len(g.iovs) == maxIovecs || size >= maxSend {
			break
		}
		if len(b) == 0 {
			continue
		}
		iov := unix.Iovec{Base: &b[0]}
		iov.SetLen(min(len(b), maxSend-size))
		g.iovs = append(g.iovs, iov)
		size += len(b)
	}
	g.hdr.Iov = &g.iovs[0]
	g.hdr.SetIovlen(len(g.iovs))
	fd.tx.msg = g
	return fd.pushSend(request{
		op: iouring.IORING_OP_SENDMSG, addr: addrOfMsghdr(&g.hdr), len: 1,
		rwFlag: unix.MSG_NOSIGNAL, user: fd.user(OpSend),
	}, zc)
}
