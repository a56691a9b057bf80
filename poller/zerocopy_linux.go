package poller

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// wantsZeroCopy says whether n bytes are sent without copying.
func (fd *FD) wantsZeroCopy(n int) bool {
	return fd.p.zeroCopy > 0 && n >= fd.p.zeroCopy && (fd.tx.zc == nil || !fd.tx.zc.refused)
}

// sendZeroCopy sends b, or g. done is false if it has to be sent otherwise. The FD
// stays until the NOTIF, which the writer waits for even if Close comes first.
func (fd *FD) sendZeroCopy(b []byte, g *gather) (n int, errno syscall.Errno, done bool) {
	d, err := fd.p.current().tasks()
	if err != nil || fd.p.calls.enter() != nil {
		return 0, 0, false
	}
	defer fd.p.calls.leave()
	if !fd.beginZeroCopy(d) {
		return 0, syscall.EINTR, true // the caller finds out why
	}
	tx := &fd.tx
	tx.buf, tx.msg = b, g
	q := ring.Request{
		Op: abi.OpcodeSendZC, Addr: ring.AddrOf(b), Len: uint32(min(len(b), maxSend)),
		RWFlag: unix.MSG_NOSIGNAL | unix.MSG_WAITALL, // one NOTIF for all
		Ioprio: abi.SendZCReportUsage, User: fd.user(slots.OpSend),
	}
	if g != nil {
		q.Op, q.Addr, q.Len = abi.OpcodeSendmsgZC, ring.AddrOfMsghdr(&g.hdr), 1
	}
	fd.push(d.Ring, q)
	d.kick()
	for !tx.done.Load() {
		fd.await(&fd.wr, tx.done.Load)
	}
	tx.buf, tx.msg = nil, nil
	fd.depart()
	return fd.endZeroCopy()
}

func (fd *FD) beginZeroCopy(d *driven) bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if !fd.use() {
		return false
	}
	fd.life.add(guest)
	fd.wr.clear()
	fd.tx.done.Store(false)
	fd.tx.zc = &zeroCopy{ring: d}
	fd.tx.zero.Store(true)
	if fd.wr.expired.Load() {
		fd.tx.zc.canceled = true // it was due a moment ago
		d.PushCancel(fd.user(slots.OpSend))
	}
	return true
}

// endZeroCopy is called when the memory is the caller's again.
func (fd *FD) endZeroCopy() (n int, errno syscall.Errno, done bool) {
	zc, res := fd.tx.zc, fd.tx.res.Load()
	fd.tx.zero.Store(false)
	switch errno := syscall.Errno(-res); {
	case res < 0 && (errno == syscall.EOPNOTSUPP || errno == syscall.EINVAL):
		zc.refused = true
		return 0, 0, false
	case res < 0 && transient(errno):
		if fd.writable() != nil {
			return 0, syscall.EINTR, true
		}
		return 0, 0, false
	case res < 0:
		return 0, errno, true
	}
	return int(res), 0, true
}

// onZeroCopy takes a completion of a zero-copy send and reports whether another
// follows.
func (fd *FD) onZeroCopy(c *core, done ring.Completion) (more bool) {
	fd.mu.Lock()
	zc := fd.tx.zc
	if done.Flags&abi.CQEFNotif != 0 {
		c.stat.zeroCopies.Add(1)
		if uint32(done.Res)&abi.NotifUsageCopied != 0 {
			c.stat.zeroCopied.Add(1)
		}
		zc.notif = false
		fd.mu.Unlock()
		fd.tx.done.Store(true)
		fd.wr.note()
		return true // the send itself was counted before
	}
	zc.ring, zc.notif = nil, done.More()
	if zc.notif {
		fd.tx.res.Store(done.Res)
		c.stat.sentByRing(done.Res)
		if zc.canceled {
			fd.abort() // what went before the cancellation is not waited for
		}
	}
	fd.mu.Unlock()
	if done.More() {
		fd.unuse()
	}
	return done.More()
}

// cancelZeroCopy ends a zero-copy send whose deadline is over or whose FD closes, and
// returns the ring to kick. mu is held.
func (fd *FD) cancelZeroCopy() *driven {
	zc := fd.tx.zc
	if zc != nil && zc.notif {
		fd.abort()
	}
	if zc == nil || zc.ring == nil || zc.canceled {
		return nil
	}
	zc.canceled = true
	zc.ring.PushCancel(fd.user(slots.OpSend))
	return zc.ring
}

// abort resets the connection: the kernel drops what the peer has not
// acknowledged and lets go of its memory. Nothing else takes bytes back. mu is held.
func (fd *FD) abort() {
	fd.tx.zc.aborted = true
	_ = abi.Disconnect(fd.sysfd)
}

// abortZeroCopy is abort, for a writer that waits for its NOTIF.
func (fd *FD) abortZeroCopy() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if zc := fd.tx.zc; zc != nil && zc.notif {
		fd.abort()
	}
}
