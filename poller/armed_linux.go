package poller

import (
	"cmp"
	"io"
	"syscall"

	"github.com/uringnet/go-uringnet/bufpool"
	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// armed is the receiving half of an FD whose ring owns it (Dedicated, SQPoll): a
// receive into a provided buffer stays in the kernel. Guarded by FD.mu.
//
//	idle --arm--> armed --completion--> idle (bytes queued, or end set)
//	     --disarm--> off, for good: once the queue is empty the FD receives when ready
//
// A deadline does not end the armed state: what the receive brings is for the
// next Read. Only Close, disarm and a full queue cancel.
type armed struct {
	ring     *driven  // where a request is; nil: idle
	op       slots.Op // OpRecv or OpAccept
	canceled bool     // its cancellation has been asked for
	rearm    bool     // it ended early: arming again is a re-arm
	off      bool     // nothing is armed any more
	direct   bool     // the last receive had no buffer: the next one waits until ready
	want     []byte   // the buffer of the Read that waits, nil if none does
	got      int      // bytes that a completion has put there
	queue    []chunk
	held     int   // provided buffers in queue
	end      error // what follows the queue once: io.EOF or an errno
	unread   bool  // bytes received ahead were dropped because of closing
	accepted []int // a listener's: descriptors accepted and not yet taken
}

// chunk is bytes received and not yet read.
type chunk struct {
	b    []byte
	bufs *bufpool.Ring   // b is in its buffer id
	heap *bufpool.Buffer // or in this elastic buffer
	id   uint16
}

// readArmed is one step of Read. done is false if it has to go on.
func (fd *FD) readArmed(b []byte) (n int, err error, done bool) {
	fd.rd.clear()
	fd.mu.Lock()
	a := fd.arm
	switch {
	case fd.closing != nil:
		fd.mu.Unlock()
		return 0, nil, false
	case len(a.queue) > 0:
		n = fd.take(b)
		fd.mu.Unlock()
		return n, nil, true
	case a.end != nil:
		err, a.end = a.end, nil
		fd.mu.Unlock()
		return 0, err, true
	case a.ring == nil && (a.off || a.direct):
		fd.mu.Unlock()
		done, failed := fd.once(func() (ok bool) {
			n, err, ok = fd.recv(b)
			return ok
		})
		return n, cmp.Or(failed, err), done
	}
	a.want = b
	fd.waitArmed()
	n = a.got
	a.want, a.got = nil, 0
	fd.mu.Unlock()
	return n, nil, n > 0
}

// waitArmed arms a receive unless one is and waits for a completion. mu is held, but
// not in between.
func (fd *FD) waitArmed() {
	var d *driven
	if a := fd.arm; a.ring == nil && !a.off {
		d = fd.armReceive(fd.p.current().driven)
	}
	fd.mu.Unlock()
	d.kick()
	fd.park(&fd.rd)
	fd.mu.Lock()
}

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
