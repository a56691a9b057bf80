package poller

import (
	"io"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Sending: by send(2), by a loop's ring together with others (sender), or by the ring
// that owns the connection. Whichever it is, a send takes what the socket has room for
// and ends at once (MSG_DONTWAIT); for room a Write waits by readiness.

// txState is the sending half of an FD: at most one request is in the kernel,
// so that two sends are never reordered. It belongs to whoever holds wr.lock; res is
// written before done. (A kernel thread, SQPoll's, orders nothing that Go's race detector
// sees, hence res is atomic.)
type txState struct {
	done atomic.Bool
	res  atomic.Int32
	zero atomic.Bool // the request under way is a zero-copy send, with zc
	zc   *zeroCopy   // guarded by FD.mu; nil until the first
	buf  []byte      // keeps the request's memory on the heap and alive
	msg  *gather     // the same for a gathered send
}

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
		if err := fd.watch(watchedOut); err != nil {
			return err
		}
		fd.park(&fd.wr)
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
		if l := fd.loop.Load(); l != nil && l.crowded() {
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
	n, errno := fd.p.send(fd.sysfd, b)
	return fd.p.current().stat.sentByCall(n, errno), errno
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
	tx.done.Store(false)
	q := ring.Request{
		Op: abi.OpcodeSend, Addr: ring.AddrOf(b), Len: uint32(min(len(b), maxSend)),
		RWFlag: unix.MSG_NOSIGNAL | unix.MSG_DONTWAIT, User: fd.user(slots.OpSend),
	}
	if msg != nil {
		q.Op, q.Addr, q.Len = abi.OpcodeSendmsg, ring.AddrOfMsghdr(&msg.hdr), 1
	}
	fd.push(s.sendRing(), q)
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

// onSend takes the completion of a send. It reports whether the writer was woken.
func (fd *FD) onSend(c *core, done ring.Completion) bool {
	if fd.tx.zero.Load() && fd.onZeroCopy(c, done) {
		return false
	}
	c.stat.sentByRing(done.Res)
	if ev := fd.ev.Load(); ev != nil {
		fd.unuse()
		fd.eventSent(ev, done.Res)
		return false
	}
	fd.tx.res.Store(done.Res)
	fd.tx.done.Store(true)
	fd.unuse()
	return fd.wr.note()
}

// maxSend is the most that one send asks for.
const maxSend = 1 << 30

// writable returns why nothing can be written now.
func (fd *FD) writable() error {
	if fd.life.closed() {
		return fd.closing
	}
	if fd.wr.expired.Load() {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// transient reports whether an errno says nothing about the connection.
func transient(errno syscall.Errno) bool {
	switch errno {
	case syscall.EAGAIN, syscall.EINTR, syscall.ECANCELED, syscall.ENOMEM, syscall.EBUSY, syscall.ENOBUFS:
		return true
	}
	return false
}

// maxIovecs is how many buffers one gathered send takes (UIO_MAXIOV).
const maxIovecs = 1024

// gather is the memory of a gathered send: it stays on the heap while the
// kernel has it.
type gather struct {
	hdr  unix.Msghdr
	iovs []unix.Iovec // point at the caller's buffers and keep them alive
	size int
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

// newGather describes as many buffers as one send takes.
func newGather(bs [][]byte) *gather {
	g := &gather{}
	for _, b := range bs {
		if len(g.iovs) == maxIovecs || g.size >= maxSend {
			break
		}
		if len(b) == 0 {
			continue
		}
		iov := unix.Iovec{Base: &b[0]}
		n := min(len(b), maxSend-g.size)
		iov.SetLen(n)
		g.iovs = append(g.iovs, iov)
		g.size += n
	}
	g.hdr.Iov = &g.iovs[0]
	g.hdr.SetIovlen(len(g.iovs))
	return g
}
