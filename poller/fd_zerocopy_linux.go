package poller

import (
	"os"
	"syscall"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// zeroCopy is the state of a zero-copy send (IORING_OP_SEND_ZC). It completes
// twice: when the bytes are queued in the socket, and, announced by
// IORING_CQE_F_MORE, when the kernel has let go of the memory (NOTIF). Write
// returns after the second. Guarded by FD.mu.
type zeroCopy struct {
	used    bool // the request under way is one
	notif   bool // its NOTIF is still to come
	aborted bool // the connection was reset so that it comes
	refused bool // the socket cannot: it is not asked again
}

// wantZeroCopy says whether n bytes are sent without copying. mu is held.
func (fd *FD) wantZeroCopy(n int) bool {
	return fd.p.zeroCopy > 0 && n >= fd.p.zeroCopy && !fd.tx.zc.refused
}

// beginZeroCopy makes q a zero-copy send. The FD stays until its NOTIF, which
// the writer waits for even if Close comes first.
func (fd *FD) beginZeroCopy(q *request) {
	if fd.p.enter() != nil {
		return // the poller is closing: an ordinary send will meet that
	}
	q.op = iouring.IORING_OP_SEND_ZC
	if fd.tx.msg != nil {
		q.op = iouring.IORING_OP_SENDMSG_ZC
	}
	q.ioprio |= abi.SendZCReportUsage
	q.rwFlag |= unix.MSG_WAITALL // one NOTIF for all
	fd.tx.zc = zeroCopy{used: true}
	fd.refs++
}

// released takes the NOTIF of a zero-copy send. mu is held.
func (fd *FD) released(r *ring, c completion) {
	r.stat.zeroCopies.Add(1)
	if uint32(c.res)&abi.NotifUsageCopied != 0 {
		r.stat.zeroCopied.Add(1)
	}
	fd.tx.zc.notif, fd.tx.done = false, true
	fd.wakeFrom(&fd.wr, r)
}

// endZeroCopy is called when the memory is the caller's again. mu is held, and
// given up in between.
func (fd *FD) endZeroCopy() error {
	aborted := fd.tx.zc.aborted
	fd.tx.zc.used = false
	fd.p.calls.Done()
	fd.mu.Unlock()
	fd.unref()
	fd.mu.Lock()
	if aborted {
		if err := fd.writable(); err != nil {
			return err
		}
		return os.ErrDeadlineExceeded // it was moved again meanwhile
	}
	return nil
}

// refusedZeroCopy reports whether the socket's kind has no zero-copy send.
func (fd *FD) refusedZeroCopy(res int32) bool {
	errno := syscall.Errno(-res)
	if res < 0 && (errno == syscall.EOPNOTSUPP || errno == syscall.EINVAL) {
		fd.tx.zc.refused = true
		return true
	}
	return false
}

// abort resets the connection: the kernel drops what the peer has not
// acknowledged and lets go of its memory. It is what ends a zero-copy send
// whose deadline is over or whose FD is closed, as nothing else takes bytes back.
// mu is held.
func (fd *FD) abort() {
	fd.tx.zc.aborted = true
	_ = abi.Disconnect(fd.sysfd)
}

// abortZeroCopy is abort, for a writer that waits for its NOTIF.
func (fd *FD) abortZeroCopy() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.tx.zc.notif {
		fd.abort()
	}
}
