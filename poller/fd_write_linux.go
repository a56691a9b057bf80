package poller

import (
	"io"
	"os"
	"syscall"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// directSend is the length from which a Write tries send(2) first: so much
// data costs more than the system call that a batch would save.
const directSend = 16 << 10

// txState is the sending half of an FD: at most one request is in the kernel,
// so that two sends are never reordered. Guarded by FD.mu.
type txState struct {
	ring     *ring // where the request is; nil: none
	op       Op    // OpSend or OpPollOut
	canceled bool  // its cancellation has been asked for
	done     bool  // it has completed with res
	res      int32
	buf      []byte  // keeps the request's memory on the heap and alive
	msg      *gather // the same for a gathered send
	again    bool    // the last call on the FD was a Write too
	writes   uint8   // Writes in a row so far
	row      uint8   // and how many there were the last time
	held     bool    // bytes were sent with MSG_MORE and not pushed since
	listed   bool    // the FD is in a ring's held
	noHold   bool    // the socket holds nothing back
	zc       zeroCopy
}

// Write writes all of b or returns an error with the number of bytes that the
// kernel has taken. Errors: os.ErrDeadlineExceeded, ErrClosed, or a
// syscall.Errno.
func (fd *FD) Write(b []byte) (int, error) {
	fd.wl.Lock()
	fd.mu.Lock()
	n, err := fd.write(b)
	fd.mu.Unlock()
	fd.wl.Unlock()
	return n, err
}

// write is Write with both locks held.
func (fd *FD) write(b []byte) (int, error) {
	n := 0
	zc := fd.wantZeroCopy(len(b))
	more := fd.more()
	r := fd.p.current()
	slow := fd.slow(r)
	midway := fd.rx.midway()
	direct := !zc && (more || midway || len(b) >= directSend || slow)
	flags := 0
	if direct && !slow && len(b) < directSend && fd.mayHold(r, midway) {
		flags = unix.MSG_MORE
	}
	for {
		if err := fd.writable(); err != nil {
			return n, err
		}
		if len(b) == 0 {
			return 0, nil
		}
		if direct {
			fd.back() // without a request
			m, errno := fd.sendDirect(b[n:], flags)
			n += m
			if flags != 0 && m > 0 {
				fd.holds(r)
			}
			if errno != 0 && errno != syscall.EAGAIN {
				return n, fd.writeErr(errno)
			}
			if n == len(b) {
				return n, nil
			}
			if err := fd.writable(); err != nil { // mu was given up
				return n, err
			}
		}
		res, err := fd.await(fd.queueSend(b[n:], zc))
		if err != nil {
			return n + int(max(res, 0)), err
		}
		switch {
		case zc && fd.refusedZeroCopy(res):
			zc = false
		case res > 0:
			if n += int(res); n == len(b) {
				return n, nil
			}
		case res == 0:
			return n, io.ErrUnexpectedEOF
		case transient(syscall.Errno(-res)):
			direct = true // after send(2) has said EAGAIN, a poll will wait
			if err := fd.waitWritable(); err != nil {
				return n, err
			}
		default:
			return n, fd.writeErr(syscall.Errno(-res))
		}
	}
}

// more notes a Write and reports whether it is one of several in a row, as it
// seems: the second and those that follow, and the first if there were several the
// last time. They gain nothing by waiting for a batch each. mu is held.
func (fd *FD) more() bool {
	tx := &fd.tx
	if !tx.again {
		tx.again = true
		tx.row, tx.writes = tx.writes, 0
	}
	if tx.writes < 255 {
		tx.writes++
	}
	return tx.writes > 1 || tx.row > 1
}

// slow reports whether handlers compute for long. Writes in a row are one answer:
// only the first counts. mu is held.
func (fd *FD) slow(r *ring) bool {
	if fd.p.cfg.Mode != Shared {
		return false
	}
	if fd.tx.writes == 1 {
		r.wroteNow()
	}
	return r.slow()
}

// writable returns why nothing can be written now. mu is held.
func (fd *FD) writable() error {
	if fd.closing != nil {
		return fd.closing
	}
	if fd.wr.expired {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// transient reports whether an errno of a send says nothing about the
// connection.
func transient(errno syscall.Errno) bool {
	switch errno {
	case syscall.EAGAIN, syscall.EINTR, syscall.ECANCELED, syscall.ENOMEM, syscall.EBUSY, syscall.ENOBUFS:
		return true
	}
	return false
}

// writeErr returns what a failed write reports. An error of the connection that
// a receive armed ahead has picked up, and no Read has seen, belongs to whoever
// comes first, as if the receive had not been there.
func (fd *FD) writeErr(errno syscall.Errno) error {
	if cause, ok := fd.rx.end.(syscall.Errno); ok && errno == syscall.EPIPE {
		fd.rx.end = io.EOF
		return cause
	}
	return errno
}

// sendDirect tries send(2), with flags.
func (fd *FD) sendDirect(b []byte, flags int) (int, syscall.Errno) {
	st := &fd.p.current().stat
	n := 0
	for n < len(b) {
		if err := fd.writable(); n > 0 && err != nil {
			return n, syscall.EAGAIN // the caller finds out why
		}
		m, errno := fd.send(b[n:], flags)
		st.directSends.Add(1)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			return n, errno
		}
		n += m
		st.bytesOut.Add(uint64(m))
		fd.touch()
	}
	return n, 0
}

// send is one send(2). A large one is made without mu, which completions wait
// for with their ring's cqMu held.
func (fd *FD) send(b []byte, flags int) (int, syscall.Errno) {
	if len(b) < directSend {
		n, errno := abi.Send(fd.sysfd, b, flags)
		if n > 0 && flags == 0 {
			fd.tx.held = false // it has left with b
		}
		return n, errno
	}
	sysfd := fd.sysfd
	fd.refs++ // the caller has seen that the FD is open
	fd.mu.Unlock()
	n, errno := abi.Send(sysfd, b, 0)
	fd.unref()
	fd.mu.Lock()
	return n, errno
}

// queueSend queues a send of b and, where the next thing will be a Read, its
// receive behind it.
func (fd *FD) queueSend(b []byte, zc bool) *ring {
	fd.tx.buf, fd.tx.held = b, false // what is held leaves with b
	return fd.pushSend(request{
		op: iouring.IORING_OP_SEND, addr: addrOf(b), len: uint32(min(len(b), maxSend)),
		rwFlag: unix.MSG_NOSIGNAL, user: fd.user(OpSend),
	}, zc)
}

// pushSend queues a send whose memory tx keeps.
func (fd *FD) pushSend(q request, zc bool) *ring {
	tx := &fd.tx
	r := fd.p.current()
	fd.began()
	tx.ring, tx.op, tx.canceled, tx.done = r, OpSend, false, false
	if zc {
		fd.beginZeroCopy(&q)
	}
	fd.push(r, q)
	fd.armEagerly(r)
	return r
}

// maxSend is the most that one send request asks for.
const maxSend = 1 << 30

// armEagerly arms the next receive together with a send, on the send's ring,
// which its caller kicks, on connections that have shown that they answer what
// they read: one enter then does both.
func (fd *FD) armEagerly(r *ring) {
	rx := &fd.rx
	if !fd.ahead || !fd.p.feats.Has(FeatEagerRecv) {
		return
	}
	if rx.turns < eagerTurns {
		rx.turns++
		return
	}
	if rx.ring == nil && rx.end == nil && len(rx.queue) == 0 && !fd.wantDirect() {
		fd.arm(r, 0, true)
	}
}

// eagerTurns is how many sends a connection makes before its receives are
// armed with them: short-lived connections then have nothing to cancel.
const eagerTurns = 2

// await kicks the ring and waits for the request of tx. An error is why it
// was cancelled; the request has ended all the same. mu is held on entry and
// return.
func (fd *FD) await(r *ring) (res int32, err error) {
	tx := &fd.tx
	u := fd.back()
	fd.mu.Unlock()
	r.drv.kick(u)
	fd.mu.Lock()
	for !tx.done {
		fd.park(&fd.wr, nil)
	}
	tx.buf, tx.msg = nil, nil
	if tx.zc.used {
		if err := fd.endZeroCopy(); err != nil {
			return tx.res, err
		}
	}
	if tx.res < 0 && transient(syscall.Errno(-tx.res)) {
		if err := fd.writable(); err != nil {
			return 0, err
		}
	}
	return tx.res, nil
}

// onSend takes the completion of a send or of a wait for writability.
func (fd *FD) onSend(r *ring, c completion) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	tx := &fd.tx
	if c.flags&abi.CQEFNotif != 0 {
		fd.released(r, c)
		return
	}
	if tx.zc.notif = c.more(); tx.zc.notif && tx.canceled {
		fd.abort() // what went before the cancellation is not waited for
	}
	tx.ring, tx.done, tx.res = nil, !c.more(), c.res
	fd.ended()
	if tx.op == OpSend && c.res > 0 {
		r.stat.sends.Add(1)
		r.stat.bytesOut.Add(uint64(c.res))
		fd.touch()
	}
	if fd.ev != nil {
		fd.eventSent(tx.op, c.res)
		return
	}
	if tx.done {
		fd.wakeFrom(&fd.wr, r)
	}
}

// waitWritable waits until the socket takes bytes again. mu is held.
func (fd *FD) waitWritable() error {
	if err := fd.writable(); err != nil {
		return err
	}
	tx := &fd.tx
	r := fd.p.current()
	fd.began()
	tx.ring, tx.op, tx.canceled, tx.done = r, OpPollOut, false, false
	fd.push(r, request{op: iouring.IORING_OP_POLL_ADD, rwFlag: pollMask(unix.POLLOUT), user: fd.user(OpPollOut)})
	if _, err := fd.await(r); err != nil {
		return err
	}
	return fd.writable()
}
