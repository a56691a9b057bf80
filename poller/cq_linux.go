package poller

import (
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// completion is what a CQE says.
type completion struct {
	user  userData
	res   int32
	flags uint32
}

func (c completion) more() bool { return c.flags&abi.CQEFMore != 0 }

// buffer returns the id of the provided buffer that was used.
func (c completion) buffer() (id uint16, ok bool) {
	return uint16(c.flags >> abi.CQEBufferShift), c.flags&abi.CQEFBuffer != 0
}

// expectFor is for how long a goroutine that was woken is expected back, if
// nothing happens on the ring meanwhile.
const expectFor = time.Millisecond

// reap handles every completion that is there and returns how many there
// were. Completions that the kernel held back because the queue was full, or
// that wait for task work, are fetched too.
func (r *ring) reap() int {
	r.cqMu.Lock()
	defer r.cqMu.Unlock()
	if r.gone {
		return 0
	}
	r.woken, r.others = 0, 0
	total := r.redeliver()
	for {
		n := r.drain()
		total += n
		flags := r.mem.sqFlags.Load()
		if flags&(abi.SQCQOverflow|abi.SQTaskrun) == 0 {
			break
		}
		if flags&abi.SQCQOverflow != 0 {
			r.stat.overflows.Add(1)
		}
		_, errno := r.enter(0, abi.EnterGetevents)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			// Nothing else may come to fetch what the kernel holds back.
			time.AfterFunc(retryDelay, func() { r.drv.kick(later) })
			break
		}
		if r.mem.cqTail.Load() == r.mem.cqHead.Load() {
			break // task work that is left belongs to another thread
		}
	}
	if total > 0 {
		r.stat.reaps.Add(1)
		r.stat.cqes.Add(uint64(total))
		now := nanotime()
		if now-r.reaped.Load() > int64(expectFor) {
			r.expect.Store(r.woken)
		} else {
			r.expect.Add(r.woken)
		}
		r.wakes.Store(r.woken+r.others > 0)
		r.reaped.Store(now)
	}
	return total
}

// still reports whether there is nothing to submit, to reap or to hand to a handler.
func (r *ring) still() bool {
	return r.queued.Load() == 0 && !r.events.waiting() && r.p.cfg.Faults == nil && r.mem.cqTail.Load() == r.mem.cqHead.Load() &&
		r.mem.sqFlags.Load()&(abi.SQCQOverflow|abi.SQTaskrun) == 0
}

// drain handles the completions in the queue and advances its head once.
func (r *ring) drain() int {
	m := r.mem
	head, tail := m.cqHead.Load(), m.cqTail.Load()
	n := int(tail - head)
	for ; head != tail; head++ {
		e := &m.cqes[head&m.cqMask]
		r.handle(completion{userData(e.UserData()), e.Result(), e.Flags()})
	}
	if n > 0 {
		m.cqHead.Store(head)
	}
	return n
}

// handle gives a completion to its FD. cqMu is held.
func (r *ring) handle(c completion) {
	if inj := r.p.cfg.Faults; inj != nil {
		now := false
		if c, now = intercept(inj, r, c); !now {
			return
		}
	}
	r.deliver(c.user.op(), c)
}

func (r *ring) deliver(op Op, c completion) {
	switch op {
	case OpNone:
		return
	case OpWake:
		r.drv.woke(c)
		return
	}
	if op == OpTask || op == OpCancelTask {
		r.taskDone(op, c)
		return
	}
	fd := r.p.slots.get(c.user)
	if fd == nil {
		// Slots are freed only after the last completion but that of a cancel.
		if op != OpCancelRx && op != OpCancelTx {
			r.stat.unexpected.Add(1)
		}
		return
	}
	switch op {
	case OpCancelRx, OpCancelTx:
		fd.onCancel(r, op, syscall.Errno(-c.res))
	case OpRecv:
		fd.onRecv(r, c)
	case OpPollIn:
		fd.onPollIn(r, c)
	case OpSend, OpPollOut:
		fd.onSend(r, c)
	case OpAccept:
		fd.onAccept(r, c)
	}
}
