package poller

import (
	"slices"

	iouring "github.com/iceber/iouring-go/syscall"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// This file is the seam for faults: it acts only with Config.Faults.

// delayedCQ is a completion that an Injector held back.
type delayedCQ struct{ completion }

// inject returns what becomes of q. A request that is to fail goes to the
// kernel as a NOP, whose completion intercept rewrites.
func inject(inj Injector, r *ring, q request) request {
	v := inj.Submit(q.user.op(), q.len)
	if v.Errno != 0 {
		r.p.faulted.Store(q.user, -int32(v.Errno))
		return request{op: iouring.IORING_OP_NOP, fd: -1, user: q.user}
	}
	whole := q.len == 0 && q.op == iouring.IORING_OP_RECV && q.ioprio&abi.RecvMultishot == 0 // a single-shot receive of a whole buffer
	if v.MaxLen != 0 && (q.len > v.MaxLen || whole) {
		q.len = v.MaxLen
	}
	return q
}

// intercept returns the completion as the Injector wants it, and whether it
// is to be handed on now. cqMu is held.
func intercept(inj Injector, r *ring, c completion) (completion, bool) {
	if res, ok := r.p.faulted.LoadAndDelete(c.user); ok {
		c.res, c.flags = res.(int32), 0
	}
	// What follows a completion that is held back must not overtake it.
	held := slices.ContainsFunc(r.delayed, func(d delayedCQ) bool { return d.user == c.user })
	if held || inj.Delay(c.user.op(), c.res) {
		r.delayed = append(r.delayed, delayedCQ{c})
		r.drv.kick(later) // so that there will be another reap
		return c, false
	}
	return c, true
}

// holdsBack reports whether completions are held back, so that a driver must
// not wait for others before it reaps again.
func (r *ring) holdsBack() bool {
	if r.p.cfg.Faults == nil {
		return false
	}
	r.cqMu.Lock()
	defer r.cqMu.Unlock()
	return len(r.delayed) > 0
}

// redeliver hands on what an Injector held back.
func (r *ring) redeliver() int {
	if len(r.delayed) == 0 {
		return 0
	}
	late := r.delayed
	r.delayed = nil
	for _, d := range late {
		r.deliver(d.user.op(), d.completion)
	}
	return len(late)
}
