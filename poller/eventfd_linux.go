package poller

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Serve hands the FD over to ev: from now on whatever it receives is passed to
// ev's methods, and Push writes. Read, Write and Accept must not be called any
// more; while one is in flight Serve is an error. home chooses the core whose goroutine
// calls ev, modulo their number.
func (fd *FD) Serve(ev Events, home int) error {
	if !fd.rd.lock.TryLock() {
		return errReading
	}
	defer fd.rd.lock.Unlock()
	if !fd.wr.lock.TryLock() {
		return errWriting
	}
	defer fd.wr.lock.Unlock()
	c := fd.p.cores[uint(home)%uint(len(fd.p.cores))]
	queue := &c.events
	if fd.receivesReady() {
		l, err := c.eventLoop()
		if err != nil {
			return err
		}
		queue = &l.events
	}
	if err := fd.serve(&eventState{sink: ev, home: queue, bound: maxPending, in: true}); err != nil {
		return err
	}
	if queue.loop != nil {
		if err := fd.watch(watchedIn); err != nil {
			return err
		}
	}
	queue.kick()
	return nil
}

func (fd *FD) receivesReady() bool {
	fd.offNow()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.arm == nil
}

func (fd *FD) serve(ev *eventState) error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	switch {
	case fd.closing != nil:
		return fd.closing
	case fd.ev.Load() != nil:
		return errServed
	case fd.listener:
		return syscall.EINVAL
	}
	fd.unwatch()
	fd.np.leave()
	fd.ev.Store(ev)
	fd.listReady(ev)
	return nil
}

// readable takes a report of loop l that there may be bytes, or an end.
func (fd *FD) readable(ev *eventState, l *loop) {
	fd.mu.Lock()
	ev.in = true
	fd.listReady(ev)
	fd.mu.Unlock()
	if ev.home.loop != l {
		ev.home.kick()
	}
}

// runReady passes on what was received. running is held.
func (fd *FD) runReady(q *eventQueue) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	ev := fd.ev.Load()
	ev.listed = false
	if !ev.opened {
		ev.opened = true
		fd.mu.Unlock()
		ev.sink.Opened()
		fd.mu.Lock()
	}
	if fd.arm != nil {
		fd.passArmed(ev, q)
	} else {
		fd.passReady(ev, q)
	}
	fd.tellWritable(ev)
	if fd.closing != nil && !ev.ended {
		ev.ended, ev.why = true, fd.closing
	}
	if ev.ended && !ev.told {
		ev.told = true
		fd.mu.Unlock()
		ev.sink.Closed(ev.why)
		fd.mu.Lock()
	}
}

// passable reports whether Data may be called. mu is held.
func (fd *FD) passable(ev *eventState) bool {
	return fd.closing == nil && !ev.ended && !ev.held()
}

// passReady passes on what the ring has received and what recv(2) finds. mu is held, but
// during Data.
func (fd *FD) passReady(ev *eventState, q *eventQueue) {
	if ev.given {
		ev.given = false
		fd.passResult(ev, ev.slab, ev.res, int(ev.res) == len(ev.slab) || fd.p.seam != nil)
		ev.slab = nil
	}
	if q.scratch == nil && ev.in {
		q.scratch = make([]byte, scratchSize)
	}
	for n := 0; ev.in && n < directRounds && fd.passable(ev); n++ {
		ev.in = false
		fd.p.current().stat.recvs.Add(1)
		n, full, errno := fd.p.current().recv(fd.sysfd, q.scratch)
		if errno != 0 {
			n = -int(errno)
		}
		fd.passResult(ev, q.scratch, int32(n), full)
	}
	if ev.in && fd.passable(ev) {
		fd.listReady(ev) // others have their turn
	}
}

// passResult passes on the result of a receive into b; full says that more may be
// there. mu is held, but during Data.
func (fd *FD) passResult(ev *eventState, b []byte, res int32, full bool) {
	switch errno := syscall.Errno(-res); {
	case res > 0:
		if full || !fd.drained() {
			ev.in = true
		}
		fd.p.current().stat.bytesIn.Add(uint64(res))
		fd.touch()
		if fd.closing == nil && !ev.ended {
			fd.pass(ev, b[:res])
		}
	case res == 0:
		fd.finish(ev, io.EOF)
	case errno == syscall.EAGAIN:
		fd.p.current().stat.recvMisses.Add(1)
	case transient(errno):
		ev.in = true
	default:
		fd.finish(ev, errno)
	}
}

// receiveEvent queues a receive into slab.
func (fd *FD) receiveEvent(l *loop, slab []byte) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	ev := fd.ev.Load()
	if !ev.in || !fd.passable(ev) || !fd.use() {
		return
	}
	ev.in, ev.slab = false, slab
	fd.push(l.ring, ring.Request{
		Op: abi.OpcodeRecv, Addr: ring.AddrOf(slab), Len: uint32(len(slab)),
		RWFlag: unix.MSG_DONTWAIT, User: fd.user(slots.OpRecv),
	})
}

// eventReceived takes its completion.
func (fd *FD) eventReceived(l *loop, ev *eventState, res int32) {
	fd.mu.Lock()
	ev.given, ev.res = true, res
	if res >= 0 {
		l.c.stat.receives.Add(1)
	}
	fd.listReady(ev) // it is being run, unless memory was short
	fd.mu.Unlock()
	fd.unuse()
}

// pass calls Data. mu is held, but during the call.
func (fd *FD) pass(ev *eventState, b []byte) {
	fd.p.current().stat.events.Add(1)
	fd.mu.Unlock()
	ev.sink.Data(b)
	fd.mu.Lock()
}

// passArmed passes on what the ring that owns the FD has received, and arms the next
// receive. mu is held, but during Data.
func (fd *FD) passArmed(ev *eventState, q *eventQueue) {
	a := fd.arm
	fd.passQueue(ev)
	if a.direct && a.ring == nil && a.end == nil {
		fd.passOnce(ev, q)
	}
	if a.end != nil && len(a.queue) == 0 && fd.passable(ev) {
		why := a.end
		a.end = nil
		fd.finish(ev, why)
	}
	if fd.passable(ev) && a.ring == nil && a.end == nil && !a.direct {
		fd.armReceive(q.driven)
	}
}

// passOnce passes on what recv(2) finds, after a receive that has found no buffer.
func (fd *FD) passOnce(ev *eventState, q *eventQueue) {
	if q.scratch == nil {
		q.scratch = make([]byte, scratchSize)
	}
	a := fd.arm
	for fd.passable(ev) {
		ev.in = false
		n, full, errno := fd.p.current().recv(fd.sysfd, q.scratch)
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			if fd.watchLocked(watchedIn) != nil {
				a.direct = false
			}
			return
		case errno != 0:
			a.end, a.direct = errno, false
			return
		case n == 0:
			a.end, a.direct = io.EOF, false
			return
		default:
			a.direct = full
			if !a.direct {
				fd.unwatchIn()
			}
			fd.passResult(ev, q.scratch, int32(n), full)
			if !a.direct {
				return
			}
		}
	}
}

// passQueue passes on the chunks of the queue. mu is held, but during Data.
func (fd *FD) passQueue(ev *eventState) {
	a := fd.arm
	for len(a.queue) > 0 && fd.passable(ev) {
		q := a.queue
		a.queue = ev.spare[:0]
		i := 0
		for ; i < len(q) && fd.passable(ev); i++ {
			fd.pass(ev, q[i].b)
			fd.release(&q[i])
		}
		if i < len(q) {
			fd.requeue(q[i:])
		}
		ev.spare = q[:0]
	}
}

// requeue puts chunks that were not passed on back before those that came
// meanwhile, or gives them back if nobody is to see them.
func (fd *FD) requeue(rest []chunk) {
	a := fd.arm
	if fd.closing != nil {
		a.unread = true
		for i := range rest {
			fd.release(&rest[i])
		}
		return
	}
	a.queue = append(append([]chunk(nil), rest...), a.queue...)
	clear(rest)
}
