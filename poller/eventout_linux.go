package poller

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Push queues b to be sent: it is copied, and sent as one with what
// else is written in this round. An FD that was closed refuses it, and so does one with
// more output than SetPending allows, by ErrPending and as a whole: Writable is called
// when half of that has gone. It may be called from any goroutine and does not wait for
// the peer.
func (fd *FD) Push(b []byte) error {
	ev, err := fd.event()
	if err != nil {
		return err
	}
	defer fd.mu.Unlock()
	switch {
	case fd.closing != nil:
		return fd.closing
	case ev.ended && ev.why != nil:
		return ErrClosed
	case len(b) == 0:
		return nil
	}
	if n := ev.unsent(); n > 0 && n+len(b) > ev.bound {
		ev.refused = true
		return ErrPending
	}
	if ev.out == nil {
		ev.out = fd.p.elastic.Get()
		ev.out.B = ev.out.B[:0]
	}
	ev.out.B = append(ev.out.B, b...)
	if !ev.busy && !ev.blocked && !fd.listOut(ev) {
		ev.home.kick()
	}
	return nil
}

// SetPending sets how many bytes of output may wait before Push refuses more; 64 MiB
// unless it is called.
func (fd *FD) SetPending(bytes int) {
	if ev, err := fd.event(); err == nil {
		ev.bound = bytes
		fd.mu.Unlock()
	}
}

// Buffered is how many bytes were pushed and have not been taken by the kernel.
func (fd *FD) Buffered() int {
	ev, err := fd.event()
	if err != nil {
		return 0
	}
	defer fd.mu.Unlock()
	return ev.unsent()
}

// tellWritable calls Writable when half of what made Push refuse has gone. mu is held,
// but during the call.
func (fd *FD) tellWritable(ev *eventState) {
	if !ev.refused || ev.ended || fd.closing != nil || ev.unsent() > ev.bound/2 {
		return
	}
	ev.refused = false
	fd.mu.Unlock()
	ev.sink.Writable()
	fd.mu.Lock()
}

// flushOut sends what was pushed: by r, or by send(2) if that is nil.
func (fd *FD) flushOut(r *ring.Ring) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	ev := fd.ev.Load()
	ev.dirty = false
	for fd.closing == nil && !ev.busy && !ev.blocked && fd.nextOut(ev) {
		b := ev.sending.B[ev.gone:]
		if r != nil && fd.use() {
			ev.busy = true
			fd.tx.buf = b
			fd.push(r, ring.Request{
				Op: abi.OpcodeSend, Addr: ring.AddrOf(b), Len: uint32(min(len(b), maxSend)),
				RWFlag: unix.MSG_NOSIGNAL | unix.MSG_DONTWAIT, User: fd.user(slots.OpSend),
			})
			return
		}
		c := fd.p.current()
		n, errno := c.send(fd.sysfd, b)
		if n = c.stat.sentByCall(n, errno); errno != 0 {
			n = -int(errno)
		}
		fd.tookOut(ev, int32(n))
	}
	fd.afterOut(ev)
}

// nextOut makes sending what is to be sent next. It reports false if there is nothing.
func (fd *FD) nextOut(ev *eventState) bool {
	if ev.sending == nil && ev.out != nil {
		ev.sending, ev.gone, ev.out = ev.out, 0, nil
	}
	return ev.sending != nil
}

// eventSent takes the completion of a send.
func (fd *FD) eventSent(ev *eventState, res int32) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	fd.tx.buf = nil
	ev.busy = false
	fd.tookOut(ev, res)
	if (ev.sending != nil || ev.out != nil) && !ev.blocked && fd.closing == nil {
		fd.listOut(ev) // the round that follows sends it, with what handlers add
	}
	fd.afterOut(ev)
}

// tookOut takes the result of a send. mu is held.
func (fd *FD) tookOut(ev *eventState, res int32) {
	switch errno := syscall.Errno(-res); {
	case res >= 0:
		fd.touch()
		ev.gone += int(res)
		if ev.sending != nil && ev.gone == len(ev.sending.B) {
			fd.dropSending(ev)
		}
	case fd.closing != nil:
	case errno == syscall.EAGAIN:
		ev.blocked = true
		if err := fd.watchLocked(watchedOut); err != nil {
			ev.blocked = false
			fd.failOut(ev, err)
		}
	case transient(errno):
	default:
		fd.failOut(ev, errno)
	}
}

// failOut ends an FD whose send has failed.
func (fd *FD) failOut(ev *eventState, err error) {
	fd.dropOut(ev)
	if a := fd.arm; a != nil {
		// A reset is told once, to the send or to the receive, which then sees
		// no more than an end.
		if len(a.queue) == 0 && (a.end == nil || a.ring == nil) {
			fd.finish(ev, err)
		} else if a.end == nil {
			a.end = err
		}
	} else if !ev.ended {
		fd.finish(ev, fd.causeOf(err))
	}
	fd.listReady(ev)
	ev.home.kick()
}

// causeOf is the error of the connection behind a send's EPIPE, if there is one.
func (fd *FD) causeOf(err error) error {
	if errno, ok := fd.pendingError(); ok && err == syscall.EPIPE {
		return errno
	}
	return err
}

// pendingError takes the error that waits in the socket.
func (fd *FD) pendingError() (syscall.Errno, bool) {
	n, err := unix.GetsockoptInt(fd.sysfd, unix.SOL_SOCKET, unix.SO_ERROR)
	return syscall.Errno(n), err == nil && n != 0
}

// roomy takes a report of loop l that the socket takes bytes again.
func (fd *FD) roomy(ev *eventState, l *loop) {
	fd.mu.Lock()
	wakes := ev.blocked
	if wakes {
		ev.blocked = false
		fd.listOut(ev)
	}
	fd.mu.Unlock()
	if wakes && ev.home.loop != l {
		ev.home.kick()
	}
}

// afterOut follows a send. mu is held.
func (fd *FD) afterOut(ev *eventState) {
	if fd.closing != nil {
		if !ev.busy {
			fd.dropOut(ev)
		}
		return
	}
	if ev.sending == nil && ev.out == nil && ev.ended {
		fd.hangUp(ev)
	}
	if ev.in || ev.refused || fd.arm != nil && (fd.arm.ring == nil || len(fd.arm.queue) > 0 || fd.arm.end != nil) {
		fd.listReady(ev) // it may have been held back for its output
	}
}
