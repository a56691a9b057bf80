package poller

import (
	"io"
	"syscall"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// armReceive queues a receive of a whole buffer and returns the ring to kick. mu is
// held.
func (fd *FD) armReceive(d *driven) *driven {
	a := fd.arm
	fd.armed(d, slots.OpRecv)
	q := ring.Request{
		Op: abi.OpcodeRecv, Flags: abi.SQEBufferSelect, Buf: ring.BufGroup, User: fd.user(slots.OpRecv),
	}
	if fd.p.receive == ReceiveMultishot {
		q.Ioprio = abi.RecvMultishot
	}
	a.direct = false
	fd.push(d.Ring, q)
	return d
}

// armed notes that a request is about to be queued.
func (fd *FD) armed(d *driven, op slots.Op) {
	a := fd.arm
	if a.rearm {
		a.rearm = false
		d.c.stat.rearms.Add(1)
	}
	a.ring, a.op, a.canceled = d, op, false
	fd.life.add(user)
}

// onArmed takes the completion of a receive. It reports whether the Read was woken.
func (fd *FD) onArmed(c *core, done ring.Completion) bool {
	fd.mu.Lock()
	a := fd.arm
	if id, ok := done.Buffer(); ok {
		fd.keep(c, id, int(max(done.Res, 0)))
	}
	last := !done.More()
	if last {
		a.ring = nil
	}
	switch {
	case done.Res > 0:
		c.stat.receives.Add(1)
		c.stat.bytesIn.Add(uint64(done.Res))
		fd.touch()
		fd.limit()
	case done.Res == 0:
		c.stat.receives.Add(1)
		if a.end == nil { // else a send of an event-driven FD has failed
			a.end = io.EOF
		}
	default:
		fd.recvFailed(c, syscall.Errno(-done.Res))
	}
	something := fd.closing == nil && (a.got > 0 || len(a.queue) > 0 || a.end != nil || a.ring == nil)
	ev := fd.ev.Load()
	if something && ev != nil {
		fd.listReady(ev)
		if ev.home != &c.events {
			ev.home.kick()
		}
	}
	fd.mu.Unlock()
	if last {
		fd.unuse()
	}
	return something && ev == nil && fd.rd.note()
}

// keep queues n bytes of the ring's buffer id, or gives the buffer back.
func (fd *FD) keep(c *core, id uint16, n int) {
	a, ev := fd.arm, fd.ev.Load()
	bufs := c.driven.Buffers()
	b := bufs.Take(id, n)
	if n == 0 || fd.closing != nil || ev != nil && ev.ended {
		a.unread = a.unread || n > 0
		bufs.Release(id)
		return
	}
	if fd.deliver(b) {
		bufs.Release(id)
		return
	}
	if fd.full() {
		// Nobody reads: the bytes move to user space, so that this connection
		// keeps no more of what all share.
		c.stat.spills.Add(1)
		heap := fd.p.elastic.Get()
		heap.B = append(heap.B[:0], b...)
		bufs.Release(id)
		a.queue = append(a.queue, chunk{b: heap.B, heap: heap})
		return
	}
	a.held++
	a.queue = append(a.queue, chunk{b: b, bufs: bufs, id: id})
}

// deliver copies received bytes to the buffer of the Read that waits for them,
// if all fit. The provided buffer is then free at once, and with it the memory
// that the next receive finds in the cache.
func (fd *FD) deliver(b []byte) bool {
	a := fd.arm
	if len(b) > len(a.want) || len(b) > maxDeliver || a.got > 0 || len(a.queue) > 0 {
		return false
	}
	a.got = copy(a.want, b)
	return true
}

// full reports whether the connection holds its share of the buffers. Those
// that a handler is about to be called with do not count.
func (fd *FD) full() bool {
	ev := fd.ev.Load()
	return fd.arm.held >= fd.p.cfg.MaxConnBuffers && (ev == nil || ev.held())
}

// limit stops a multishot receive whose connection holds its share.
func (fd *FD) limit() {
	a := fd.arm
	if a.ring == nil || !fd.full() {
		return
	}
	if d := fd.cancelArmed(); d != nil {
		a.rearm = true
		d.drv.Kick(driveLater)
	}
}

// recvFailed handles a receive that ended with an errno. Whatever says nothing
// about the connection itself makes the next attempt wait until it is ready and
// use recv(2), which needs no buffer of the ring and tells the truth.
func (fd *FD) recvFailed(c *core, errno syscall.Errno) {
	a := fd.arm
	switch errno {
	case syscall.ECANCELED:
		return // by us, or because the thread that submitted it has ended
	case syscall.ENOBUFS:
		c.stat.noBuffers.Add(1)
		a.direct, a.rearm = true, true
	case syscall.EAGAIN, syscall.EINTR, syscall.ENOMEM, syscall.EBUSY, syscall.EINVAL, syscall.EOPNOTSUPP:
		fd.p.unexpected(c, slots.OpRecv, errno)
		a.direct, a.rearm = true, true
	default:
		a.end = errno
	}
}

// writeErr returns what a failed write reports. An error of the connection that
// a receive armed ahead has picked up, and no Read has seen, belongs to whoever
// comes first, as if the receive had not been there. mu is held.
func (a *armed) writeErr(errno syscall.Errno) error {
	if cause, ok := a.end.(syscall.Errno); ok && errno == syscall.EPIPE {
		a.end = io.EOF
		return cause
	}
	return errno
}

// take copies received bytes to b and releases the buffers it empties. mu is held.
func (fd *FD) take(b []byte) int {
	a := fd.arm
	n, i := 0, 0
	for i < len(a.queue) && n < len(b) {
		c := &a.queue[i]
		m := copy(b[n:], c.b)
		n += m
		if c.b = c.b[m:]; len(c.b) > 0 {
			break
		}
		fd.release(c)
		i++
	}
	if i == len(a.queue) {
		a.queue = a.queue[:0]
	} else if i > 0 {
		a.queue = append(a.queue[:0], a.queue[i:]...)
	}
	return n
}

// release gives back what a chunk lies in. mu is held.
func (fd *FD) release(c *chunk) {
	switch {
	case c.bufs != nil:
		fd.arm.held--
		c.bufs.Release(c.id)
	case c.heap != nil:
		fd.p.elastic.Put(c.heap)
	}
	*c = chunk{}
}

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
