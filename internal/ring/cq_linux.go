package ring

import (
	"syscall"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Completion is what a CQE says.
type Completion struct {
	User  slots.UserData
	Res   int32
	Flags uint32
}

// More says that the request will complete again.
func (c Completion) More() bool { return c.Flags&abi.CQEFMore != 0 }

// Buffer returns the id of the provided buffer that was used.
func (c Completion) Buffer() (id uint16, ok bool) {
	return uint16(c.Flags >> abi.CQEBufferShift), c.Flags&abi.CQEFBuffer != 0
}

// Reap hands every completion that is there to handle and returns how many there
// were. Completions that the kernel held back because the queue was full, or
// that wait for task work, are fetched too. short says that some could not be
// fetched for want of memory: somebody has to reap again.
func (r *Ring) Reap(handle func(Completion)) (n int, short bool) {
	r.cqMu.Lock()
	defer r.cqMu.Unlock()
	if r.gone {
		return 0, false
	}
	n = r.redeliver(handle)
	for {
		n += r.drain(handle)
		flags := r.mem.sqFlags.Load()
		if flags&(abi.SQCQOverflow|abi.SQTaskrun) == 0 {
			break
		}
		if flags&abi.SQCQOverflow != 0 {
			r.stats.Overflows.Add(1)
		}
		_, errno := r.enter(0, abi.EnterGetevents)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			short = true
			break
		}
		if r.mem.cqTail.Load() == r.mem.cqHead.Load() {
			break // task work that is left belongs to another thread
		}
	}
	if n > 0 {
		r.stats.Reaps.Add(1)
		r.stats.CQEs.Add(uint64(n))
	}
	return n, short || r.faults.holds()
}

// drain handles the completions in the queue and advances its head once.
func (r *Ring) drain(handle func(Completion)) int {
	m := r.mem
	head, tail := m.cqHead.Load(), m.cqTail.Load()
	n := int(tail - head)
	for ; head != tail; head++ {
		e := &m.cqes[head&m.cqMask]
		c := Completion{slots.UserData(e.UserData()), e.Result(), e.Flags()}
		if r.faults.inj != nil && !r.intercept(&c) {
			continue
		}
		handle(c)
	}
	if n > 0 {
		m.cqHead.Store(head)
	}
	return n
}
