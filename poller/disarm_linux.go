package poller

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/slots"
)

// Ends of the armed state.

// cancelArmed asks for the end of the request that is armed, and returns the ring to
// kick, nil if there is nothing to do. mu is held.
func (fd *FD) cancelArmed() *driven {
	a := fd.arm
	if a.ring == nil || a.canceled {
		return nil
	}
	a.canceled = true
	a.ring.PushCancel(fd.user(a.op))
	return a.ring
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

// endArmed is the armed half of hang. mu is held.
func (fd *FD) endArmed() *driven {
	a := fd.arm
	a.unread = a.unread || !fd.listener && len(a.queue) > 0
	for i := range a.queue {
		fd.release(&a.queue[i])
	}
	a.queue = nil
	for _, sysfd := range a.accepted {
		unix.Close(sysfd)
	}
	a.accepted = nil
	return fd.cancelArmed()
}

// disarm ends receiving ahead for good: a request that is armed is cancelled, and
// what it brings all the same is queued. It does not wait for it.
func (fd *FD) disarm() {
	fd.mu.Lock()
	if fd.arm == nil || fd.closing != nil {
		fd.mu.Unlock()
		return
	}
	fd.arm.off = true
	d := fd.cancelArmed()
	fd.mu.Unlock()
	d.kick()
}

// lower is disarm that returns when nothing is armed any more. rd.lock is held. What
// was received ahead stays queued, for take.
func (fd *FD) lower() error {
	fd.disarm()
	lowered := func() bool {
		fd.mu.Lock()
		defer fd.mu.Unlock()
		return fd.arm == nil || fd.arm.ring == nil || fd.closing != nil
	}
	for fd.rd.clear(); !lowered(); {
		fd.await(&fd.rd, lowered) // a cancellation ends soon, deadline or not
	}
	if fd.life.closed() {
		return fd.closing
	}
	return nil
}

// once does by try what an armed request would bring, when the FD is ready: for one
// time, after a request that failed for no reason of the socket's, or from now on, if
// the FD is off. done is false if the caller has to go on.
func (fd *FD) once(try func() bool) (done bool, err error) {
	if fd.offNow() {
		return false, nil
	}
	if !try() {
		if err := fd.watch(watchedIn); err != nil {
			return true, err
		}
		fd.park(&fd.rd)
		return false, nil
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.arm != nil {
		fd.arm.direct = false
	}
	fd.unwatchIn()
	return true, nil
}

// offNow makes an FD that is off and has nothing queued one that receives when it is
// ready. rd.lock is held.
func (fd *FD) offNow() bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if a := fd.arm; a != nil && a.off && a.ring == nil && len(a.queue) == 0 && a.end == nil && len(a.accepted) == 0 {
		fd.arm = nil
		fd.rd.note()
		return true
	}
	return false
}

// Expose tells that others have the descriptor too, or change the socket: nothing is
// received ahead from now on, and the kernel is asked each time.
func (fd *FD) Expose() {
	fd.asks.Store(true)
	fd.disarm()
}

// ahead reports whether bytes, connections or an end were received ahead and not
// taken.
func (fd *FD) ahead() bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	a := fd.arm
	return a != nil && (len(a.queue) > 0 || a.end != nil || len(a.accepted) > 0)
}
