package poller

import (
	"errors"
	"syscall"
	"time"

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
	fd.ev.ring.drv.kick(later)
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
	return ev.paused || ev.unsent() > maxOut
}

// unsent is how many bytes were pushed that the kernel has not taken.
func (ev *eventState) unsent() int {
	n := 0
	if ev.out != nil {
		n += len(ev.out.B)
	}
	if ev.sending != nil {
		n += len(ev.sending.B) - ev.sent
	}
	return n
}

// notify tells the FD's home ring of a completion that ring r has reaped. mu
// is held.
func (fd *FD) notify(r *ring) {
	fd.ready()
	if home := fd.ev.ring; home != r {
		home.drv.kick(later)
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
	for n := 0; rx.ready && rx.ring == nil && rx.end == nil && n < directRounds && fd.passable(); n++ {
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

// directRounds bounds how often an event-driven connection is read by recv(2)
// before others have their turn.
const directRounds = 4

// passQueue passes on the chunks of the queue. mu is held, but during Data.
func (fd *FD) passQueue() {
	ev, rx := fd.ev, &fd.rx
	for len(rx.queue) > 0 && fd.passable() {
		q := rx.queue
		rx.queue = ev.spare[:0]
		i := 0
		for ; i < len(q) && fd.passable(); i++ {
			rx.ready = len(q[i].b) >= fd.p.cfg.BufferSize
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
		// What filled the buffer has left more behind.
		fd.rx.ready = n == len(q.scratch)
		fd.pass(q.scratch[:n])
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
			r.drv.kick(later)
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
		fd.ev.ring.drv.kick(later)
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
		fd.ev.ring.drv.kick(later)
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
	fd.ev.ring.drv.kick(later)
}
