package poller

import (
	"golang.org/x/sys/unix"
)

// Ends of the armed state.

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
		if err := fd.wait(&fd.rd); err != nil {
			return true, err
		}
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
