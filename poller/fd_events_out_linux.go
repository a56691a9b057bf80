package poller

import (
	"io"
	"syscall"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"
)

// Push queues b to be sent: it is copied, and sent in one request with what
// else is written in this round. An FD that was closed refuses it. It may be
// called from any goroutine and does not wait for the peer; Buffered says how
// much waits.
func (fd *FD) Push(b []byte) error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	ev := fd.ev
	if err := fd.pushable(); err != nil || len(b) == 0 {
		return err
	}
	if ev.out == nil {
		ev.out = fd.p.elastic.Get()
		ev.out.B = ev.out.B[:0]
	}
	ev.out.B = append(ev.out.B, b...)
	if ev.sending == nil && !ev.dirty {
		fd.dirty()
		ev.ring.drv.kick(later)
	}
	return nil
}

func (fd *FD) pushable() error {
	switch {
	case fd.closing != nil:
		return fd.closing
	case fd.ev.ended && fd.ev.why != nil:
		return ErrClosed
	}
	return nil
}

// Buffered is how many bytes were pushed and have not been taken by the kernel.
func (fd *FD) Buffered() int {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.ev.unsent()
}

// flushOut queues the send of what was pushed.
func (fd *FD) flushOut() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	fd.ev.dirty = false
	fd.sendNext()
}

// sendNext queues a send of what is left of sending, or of out. mu is held.
func (fd *FD) sendNext() {
	ev := fd.ev
	if fd.closing != nil || fd.tx.ring != nil {
		return
	}
	if ev.sending == nil {
		if ev.out == nil {
			return
		}
		ev.sending, ev.sent, ev.out = ev.out, 0, nil
	}
	b := ev.sending.B[ev.sent:]
	tx := &fd.tx
	fd.began()
	tx.ring, tx.op, tx.canceled, tx.buf = ev.ring, OpSend, false, b
	fd.push(ev.ring, request{
		op: iouring.IORING_OP_SEND, addr: addrOf(b), len: uint32(len(b)),
		rwFlag: unix.MSG_NOSIGNAL | unix.MSG_WAITALL, user: fd.user(OpSend),
	})
}

// awaitRoom queues a wait for room in the socket's send buffer. mu is held.
func (fd *FD) awaitRoom() {
	tx := &fd.tx
	fd.began()
	tx.ring, tx.op, tx.canceled = fd.ev.ring, OpPollOut, false
	fd.push(fd.ev.ring, request{op: iouring.IORING_OP_POLL_ADD, rwFlag: pollMask(unix.POLLOUT), user: fd.user(OpPollOut)})
}

// eventSent takes the completion of a send, or of a wait for room. mu is held,
// and so is cqMu.
func (fd *FD) eventSent(op Op, res int32) {
	ev := fd.ev
	fd.tx.buf = nil
	switch {
	case op == OpSend && res > 0:
		ev.sent += int(res)
		if ev.sent == len(ev.sending.B) {
			fd.dropSending()
		}
	case op == OpPollOut && res >= 0:
	case op == OpSend && transient(syscall.Errno(-res)) && fd.closing == nil:
		fd.awaitRoom()
		ev.ring.drv.kick(later)
		return
	case fd.closing == nil:
		fd.dropOut()
		// A reset is told once, to the send or to the receive, which then sees
		// no more than an end.
		if end := fd.rx.end; end == nil || end == io.EOF {
			fd.rx.end = syscall.Errno(-res)
		}
		fd.ready()
		return
	}
	if fd.closing != nil {
		fd.dropOut()
		return
	}
	if ev.sending != nil || ev.out != nil {
		fd.dirty() // the round that follows sends it, with what handlers add
	} else if ev.ended {
		fd.hangUp()
	}
	if fd.rx.ring == nil || len(fd.rx.queue) > 0 || fd.rx.end != nil {
		fd.ready() // it may have been held back for its output
	}
}

func (fd *FD) dropSending() {
	fd.p.elastic.Put(fd.ev.sending)
	fd.ev.sending, fd.ev.sent = nil, 0
}

// dropOut gives up all output. No send is in the kernel. mu is held.
func (fd *FD) dropOut() {
	if fd.ev.sending != nil {
		fd.dropSending()
	}
	if fd.ev.out != nil {
		fd.p.elastic.Put(fd.ev.out)
		fd.ev.out = nil
	}
}
