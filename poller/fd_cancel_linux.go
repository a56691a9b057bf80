package poller

import "syscall"

// cancelRx asks for the end of the receive, accept or poll that is armed, and
// returns the ring to kick, nil if there is nothing to do. mu is held.
func (fd *FD) cancelRx() *ring {
	rx := &fd.rx
	if rx.ring == nil || rx.canceled {
		return nil
	}
	rx.canceled = true
	rx.ring.pushCancel(fd.user(rx.op))
	return rx.ring
}

// cancelTx asks for the end of the send or poll that is in the kernel, and
// returns the ring to kick, nil if there is nothing to do. mu is held.
func (fd *FD) cancelTx() *ring {
	tx := &fd.tx
	if tx.zc.notif {
		fd.abort()
	}
	if tx.ring == nil || tx.canceled {
		return nil
	}
	tx.canceled = true
	tx.ring.pushCancel(fd.user(tx.op))
	return tx.ring
}

// onCancel takes the result of a cancellation. ENOENT while the target is
// still there means that the kernel was about to run it again (its poll had
// fired, or found the socket ready: io_queue_async, io_uring/io_uring.c), where
// a cancellation does not find it; it may poll again, so it is asked for once
// more. With any other result the target's completion is on its way, before
// this one or after.
func (fd *FD) onCancel(r *ring, op Op, errno syscall.Errno) {
	if errno != syscall.ENOENT {
		return
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	switch {
	case op == OpCancelRx && fd.rx.ring == r && fd.rx.canceled:
		r.pushCancel(fd.user(fd.rx.op))
	case op == OpCancelTx && fd.tx.ring == r && fd.tx.canceled:
		r.pushCancel(fd.user(fd.tx.op))
	default:
		return
	}
	r.drv.kick(later)
}
