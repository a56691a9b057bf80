package poller

import (
	"errors"
	"syscall"
	"time"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/bufpool"
)

// eventState is the event-driven half of an FD: guarded by FD.mu, but for ring
// and sink, which Serve sets once.
//
// Bytes written are collected in out and sent as one request when the handlers
// of a round have run; sending is what the kernel has.
type eventState struct {
	sink Events
	ring *ring // its home: every request of the FD goes there

	opened bool // Opened was called
	queued bool // it is in the ring's list of FDs that are ready
	dirty  bool // it is in the ring's list of FDs that have output
	paused bool // by the user
	ended  bool // Close was called, or the peer has ended: no more Data
	told   bool // Closed was called
	why    error

	spare   []chunk         // an emptied queue
	out     *bufpool.Buffer // nil: nothing to send
	sending *bufpool.Buffer // nil: no send is in the kernel
	sent    int             // how much of sending has gone
	linger  *time.Timer     // bounds how long a closed FD goes on sending
}

// maxOut is how much output an event-driven connection may have before no more
// is read from it: a peer that does not read its answers cannot make more.
const maxOut = 1 << 20

// closeLinger is how long a closed event-driven connection goes on sending what
// was written before.
const closeLinger = 5 * time.Second

// errServed is what Serve says on an FD that is event-driven already.
var errServed = errors.New("poller: the FD is event-driven already")

// Serve hands the FD over to ev: from now on whatever it receives is passed to
// ev's methods, and Push writes. Read, Write and Accept must not be called any
// more. ring chooses the FD's home, modulo the number of rings.
func (fd *FD) Serve(ev Events, ring int) error {
	fd.rl.Lock()
	defer fd.rl.Unlock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	switch {
	case fd.closing != nil:
		return fd.closing
	case fd.ev != nil:
		return errServed
	case fd.listener:
		return syscall.EINVAL
	}
	fd.ahead = true
	fd.ev = &eventState{sink: ev, ring: fd.p.rings[ring%len(fd.p.rings)]}
	fd.ready() // what was received before, and the first receive
	fd.ev.ring.drv.kick(false)
	return nil
}

// ready puts the FD on its ring's list. mu is held.
func (fd *FD) ready() {
	if ev := fd.ev; !ev.queued {
		ev.queued = true
		ev.ring.events.addReady(fd)
	}
}

// dirty puts the FD on its ring's list of output. mu is held.
func (fd *FD) dirty() {
	if ev := fd.ev; !ev.dirty {
		ev.dirty = true
		ev.ring.events.addOut(fd)
	}
}

// held reports whether nothing is to be received now.
func (ev *eventState) held() bool {
	return ev.paused || ev.out != nil && len(ev.out.B) > maxOut
}

// notify tells the FD's home ring of a completion that ring r has reaped. mu
// is held.
func (fd *FD) notify(r *ring) {
	fd.ready()
	if home := fd.ev.ring; home != r {
		home.drv.kick(false)
	}
}

// runReady passes on what was received. q.run is held.
func (fd *FD) runReady(q *eventQueue) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	ev, rx := fd.ev, &fd.rx
	ev.queued = false
	if !ev.opened {
		ev.opened = true
		fd.mu.Unlock()
		ev.sink.Opened()
		fd.mu.Lock()
	}
	fd.passQueue()
	if rx.ready && fd.passable() {
		fd.passDirect(q)
	}
	if rx.end != nil && len(rx.queue) == 0 && fd.passable() {
		why := rx.end
		rx.end = nil
		fd.finish(why)
	}
	if fd.closing != nil && !ev.ended {
		ev.ended, ev.why = true, fd.closing
	}
	if ev.ended && !ev.told {
		ev.told = true
		fd.mu.Unlock()
		ev.sink.Closed(ev.why)
		fd.mu.Lock()
	}
	if fd.passable() && rx.ring == nil && rx.end == nil {
		fd.arm(ev.ring, 0, false)
	}
}

// passable reports whether Data may be called. mu is held.
func (fd *FD) passable() bool {
	return fd.closing == nil && !fd.ev.ended && !fd.ev.held()
}

// passQueue passes on the chunks of the queue. mu is held, but during Data.
func (fd *FD) passQueue() {
	ev, rx := fd.ev, &fd.rx
	for len(rx.queue) > 0 && fd.passable() {
		q := rx.queue
		rx.queue = ev.spare[:0]
		i := 0
		for ; i < len(q) && fd.passable(); i++ {
			fd.pass(q[i].b)
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
	if fd.closing != nil {
		fd.unread = fd.unread || fd.ahead
		for i := range rest {
			fd.release(&rest[i])
		}
		return
	}
	fd.rx.queue = append(append([]chunk(nil), rest...), fd.rx.queue...)
	clear(rest)
}

// pass calls Data. mu is held, but during the call.
func (fd *FD) pass(b []byte) {
	fd.ev.ring.stat.events.Add(1)
	fd.mu.Unlock()
	fd.ev.sink.Data(b)
	fd.mu.Lock()
}

// passDirect passes on what recv(2) finds after a wait for readability.
func (fd *FD) passDirect(q *eventQueue) {
	if q.scratch == nil {
		q.scratch = make([]byte, scratchSize)
	}
	n, err, done := fd.recvDirect(q.scratch)
	switch {
	case !done:
	case err != nil:
		fd.rx.end = err
	default:
		fd.pass(q.scratch[:n])
	}
}

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
		ev.ring.drv.kick(false)
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
	n := 0
	if fd.ev.out != nil {
		n += len(fd.ev.out.B)
	}
	if fd.ev.sending != nil {
		n += len(fd.ev.sending.B) - fd.ev.sent
	}
	return n
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
		ev.ring.drv.kick(false)
		return
	case fd.closing == nil:
		fd.dropOut()
		if fd.rx.end == nil {
			fd.rx.end = fd.writeErr(syscall.Errno(-res))
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
	if fd.rx.ring == nil {
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

// PauseEvents stops calls of Data until ResumeEvents; what arrives meanwhile
// stays in the socket, but for what the kernel had received already.
func (fd *FD) PauseEvents() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.ev.paused || fd.closing != nil {
		return
	}
	fd.ev.paused = true
	if fd.rx.ring != nil && fd.p.receive == ReceiveMultishot {
		if r := fd.cancelRx(); r != nil {
			r.drv.kick(false)
		}
	}
}

// ResumeEvents undoes PauseEvents.
func (fd *FD) ResumeEvents() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if !fd.ev.paused {
		return
	}
	fd.ev.paused = false
	fd.touch()
	if fd.closing == nil {
		fd.ready()
		fd.ev.ring.drv.kick(false)
	}
}

// CloseEvents closes an event-driven FD when all that was pushed before has
// been sent, or after five seconds. It does not wait. Closed is called with
// ErrClosed. A second call returns ErrClosed.
func (fd *FD) CloseEvents() error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.byUser {
		return ErrClosed
	}
	fd.byUser = true
	if fd.closing != nil {
		return nil
	}
	if !fd.ev.ended {
		fd.finish(ErrClosed)
		fd.ready()
		fd.ev.ring.drv.kick(false)
	}
	return nil
}

// finish ends an FD: no more Data; what was pushed is still sent. mu is held.
func (fd *FD) finish(why error) {
	ev := fd.ev
	ev.ended, ev.why = true, why
	if ev.sending != nil || ev.out != nil {
		ev.linger = time.AfterFunc(closeLinger, func() { fd.shutdown(ErrClosed) })
		return
	}
	fd.hangUp()
}

// hangUp closes the descriptor, on a goroutine of its own: it may wait for the
// kernel, whose completions the caller has to reap. mu is held.
func (fd *FD) hangUp() {
	if fd.ev.linger != nil {
		fd.ev.linger.Stop()
	}
	go fd.shutdown(ErrClosed)
}

// stopEvents is the event-driven part of shutdown. mu is held.
func (fd *FD) stopEvents() {
	if fd.tx.ring == nil {
		fd.dropOut()
	}
	fd.ready()
	fd.ev.ring.drv.kick(false)
}
