package poller

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Sending: by send(2), by a loop's ring together with others (sender), or by the ring
// that owns the connection. Whichever it is, a send takes what the socket has room for
// and ends at once (MSG_DONTWAIT); for room a Write waits by readiness.

// Write writes all of b or returns an error with the number of bytes that the
// kernel has taken. Errors: os.ErrDeadlineExceeded, ErrClosed, or a
// syscall.Errno.
func (fd *FD) Write(b []byte) (int, error) {
	fd.wr.lock.Lock()
	n, err := fd.write(b)
	fd.wr.lock.Unlock()
	return n, err
}

// write is Write with wr.lock held.
func (fd *FD) write(b []byte) (n int, err error) {
	for n < len(b) || len(b) == 0 {
		if err := fd.writable(); err != nil {
			return n, err
		}
		if len(b) == 0 {
			return 0, nil
		}
		m, errno := fd.sendSome(b[n:])
		n += m
		if err := fd.sent(m, errno); err != nil {
			return n, err
		}
	}
	return n, nil
}

// sent deals with the result of a send: it waits for room if there was none. An error
// is the Write's.
func (fd *FD) sent(m int, errno syscall.Errno) error {
	switch {
	case m > 0:
		fd.touch()
		return nil
	case errno == 0:
		return io.ErrUnexpectedEOF
	case errno == syscall.EAGAIN:
		if err := fd.wait(&fd.wr); err != nil {
			return err
		}
		return nil
	case errno == syscall.EINTR:
		return nil
	}
	return fd.writeErr(errno)
}

// sendSome sends some of b in the way that costs least.
func (fd *FD) sendSome(b []byte) (int, syscall.Errno) {
	if fd.wantsZeroCopy(len(b)) {
		if m, errno, done := fd.sendZeroCopy(b, nil); done {
			return m, errno
		}
	}
	fd.wr.clear()
	if len(b) < directSend {
		if s := fd.sender(); s != nil {
			if m, errno := fd.sendByRing(s, b, nil); !transient(errno) {
				return m, errno
			}
			fd.wr.clear()
		}
	}
	return fd.send(b)
}

// A sender is a ring that sends for several Writes at once.
type sender interface {
	sendRing() *ring.Ring
	kick()
}

// sender returns the ring to send by, nil if send(2) costs less.
func (fd *FD) sender() sender {
	if fd.p.mode != Shared {
		return fd.p.current().driven
	}
	if fd.p.transfer == TransferRing {
		if l := fd.loop.Load(); l != nil && l.crowded() && (!fd.p.gathers || fd.p.crowd.on.Load()) {
			return l
		}
	}
	return nil
}

// send is one send(2), after which b may have been taken in part.
func (fd *FD) send(b []byte) (int, syscall.Errno) {
	if !fd.use() {
		return 0, syscall.EINTR // the caller finds out why
	}
	defer fd.unuse()
	c := fd.p.current()
	n, errno := c.send(fd.sysfd, b)
	return c.stat.sentByCall(n, errno), errno
}

// sendByRing sends b, or msg, with what others send at the same time. The memory
// stays referenced until the request has ended, which it does at once. A report of room
// that comes meanwhile is lost: whoever is told EAGAIN, or anything else that is not the
// connection's fault, asks again by send(2) before waiting.
func (fd *FD) sendByRing(s sender, b []byte, msg *gather) (int, syscall.Errno) {
	if !fd.use() {
		return 0, syscall.EINTR
	}
	tx := &fd.tx
	tx.buf, tx.msg = b, msg
	q := ring.Request{
		Op: abi.OpcodeSend, Addr: ring.AddrOf(b), Len: uint32(min(len(b), maxSend)),
		RWFlag: unix.MSG_NOSIGNAL | unix.MSG_DONTWAIT, User: fd.user(slots.OpSend),
	}
	if msg != nil {
		q.Op, q.Addr, q.Len = abi.OpcodeSendmsg, ring.AddrOfMsghdr(&msg.hdr), 1
	}
	fd.aim(&q)
	tx.done.Store(false) // orders what was read of the FD before whoever completes
	s.sendRing().Push(q)
	s.kick()
	for !tx.done.Load() {
		fd.await(&fd.wr, tx.done.Load)
	}
	tx.buf, tx.msg = nil, nil
	res := tx.res.Load()
	if res < 0 {
		return 0, syscall.Errno(-res)
	}
	return int(res), 0
}

// Writev writes all of bs, in order, with gathered sends. It returns how many
// bytes the kernel has taken; bs itself is not changed. Errors as Write's.
func (fd *FD) Writev(bs [][]byte) (total int64, err error) {
	fd.wr.lock.Lock()
	defer fd.wr.lock.Unlock()
	rest := advance(append([][]byte(nil), bs...), 0)
	for {
		if err := fd.writable(); err != nil {
			return total, err
		}
		if len(rest) == 0 {
			return total, nil
		}
		m, errno := fd.sendGathered(newGather(rest))
		total += int64(m)
		rest = advance(rest, m)
		if err := fd.sent(m, errno); err != nil {
			return total, err
		}
	}
}

// sendGathered is sendSome for several buffers.
func (fd *FD) sendGathered(g *gather) (int, syscall.Errno) {
	if fd.wantsZeroCopy(g.size) {
		if m, errno, done := fd.sendZeroCopy(nil, g); done {
			return m, errno
		}
	}
	fd.wr.clear()
	if g.size < directSend {
		if s := fd.sender(); s != nil {
			if m, errno := fd.sendByRing(s, nil, g); !transient(errno) {
				return m, errno
			}
			fd.wr.clear()
		}
	}
	if !fd.use() {
		return 0, syscall.EINTR
	}
	defer fd.unuse()
	n, errno := abi.Sendmsg(fd.sysfd, &g.hdr)
	return fd.p.current().stat.sentByCall(n, errno), errno
}

// writeErr returns what a failed write reports.
func (fd *FD) writeErr(errno syscall.Errno) error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.tx.zc != nil && fd.tx.zc.aborted {
		if err := fd.writable(); err != nil {
			return err
		}
		return os.ErrDeadlineExceeded // it was moved again meanwhile
	}
	if fd.arm != nil {
		return fd.arm.writeErr(errno)
	}
	return errno
}
