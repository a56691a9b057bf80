package poller

import (
	"syscall"

	"github.com/uringnet/go-uringnet/internal/epoll"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Complete implements drive.Client.
func (c *core) Complete(done ring.Completion) bool { return c.deliver(nil, done) }

// deliver gives a completion of the core's driven ring, or of l's, to whom it belongs.
// It reports whether a goroutine was woken.
func (c *core) deliver(l *loop, done ring.Completion) bool {
	op := done.User.Op()
	switch op {
	case slots.OpNone:
		return false
	case slots.OpTask, slots.OpCancelTask:
		return c.taskDone(op, done)
	}
	fd := c.p.fds.Get(done.User)
	if fd == nil {
		// Slots are freed only after the last completion but that of a cancel.
		if op != slots.OpCancelRx && op != slots.OpCancelTx {
			c.p.unexpected(c, op, syscall.Errno(max(-done.Res, 0)))
		}
		return false
	}
	switch op {
	case slots.OpCancelRx, slots.OpCancelTx:
		fd.onCancel(c, op, syscall.Errno(-done.Res))
	case slots.OpRecv:
		if l != nil {
			return fd.received(l, done.Res)
		}
		return fd.onArmed(c, done)
	case slots.OpSend:
		return fd.onSend(c, done)
	case slots.OpAccept:
		return fd.onAccept(c, done)
	}
	return false
}

// edge takes a report of its loop. It reports whether it has queued a receive on the
// loop's ring, which it may with batch.
func (fd *FD) edge(l *loop, flags uint32, batch bool) (queued bool) {
	if flags&epoll.Last != 0 {
		fd.asks.Store(true)
	}
	ev := fd.ev.Load()
	if flags&(epoll.Out|epoll.Hup) != 0 {
		if ev != nil {
			fd.roomy(ev, l)
		}
		fd.wr.note()
	}
	if flags&(epoll.In|epoll.Last) == 0 {
		return false
	}
	if ev != nil {
		fd.readable(ev, l)
		return false
	}
	if batch && fd.rd.take() {
		return fd.receive(l)
	}
	fd.rd.note()
	return false
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
	fd.tx.done.Swap(true) // (Store would order nothing after the writer)
	fd.unuse()
	return fd.wr.note()
}

// onCancel takes the result of a cancellation. ENOENT while the target is
// still there means that the kernel was about to run it again (its poll had
// fired, or found the socket ready: io_queue_async, io_uring/io_uring.c), where
// a cancellation does not find it; it may poll again, so it is asked for once
// more. With any other result the target's completion is on its way, before
// this one or after.
func (fd *FD) onCancel(c *core, op slots.Op, errno syscall.Errno) {
	if errno != syscall.ENOENT {
		return
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	var d *driven
	if a := fd.arm; op == slots.OpCancelRx && a != nil && a.ring != nil && a.canceled {
		a.ring.PushCancel(fd.user(a.op))
		d = a.ring
	}
	if zc := fd.tx.zc; op == slots.OpCancelTx && zc != nil && zc.ring != nil && zc.canceled {
		zc.ring.PushCancel(fd.user(slots.OpSend))
		d = zc.ring
	}
	if d != nil {
		d.drv.Kick(driveLater)
	}
}

// complete takes a completion of the loop's ring.
func (l *loop) complete(done ring.Completion) { l.c.deliver(l, done) }
