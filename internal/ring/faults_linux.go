package ring

import (
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/seam"
)

// faults is the seam for tests: it acts only with an injector.
type faults struct {
	inj     seam.Injector
	results sync.Map     // user_data -> int32: what inj chose
	late    []Completion // guarded by cqMu: held back by inj
	nlate   atomic.Int32 // len(late)
}

// holds reports whether completions are held back, so that a driver must
// not wait for others before it reaps again.
func (f *faults) holds() bool { return f.nlate.Load() > 0 }

func (f *faults) enter(toSubmit uint32) syscall.Errno {
	if f.inj == nil {
		return 0
	}
	return f.inj.Enter(toSubmit)
}

// inject returns what becomes of q. A request that is to fail goes to the
// kernel as a NOP, whose completion intercept rewrites.
func (r *Ring) inject(q Request) Request {
	v := r.faults.inj.Submit(q.User.Op(), q.Len)
	if v.Errno != 0 {
		r.faults.results.Store(q.User, -int32(v.Errno))
		return Request{Op: abi.OpcodeNop, FD: -1, User: q.User}
	}
	whole := q.Len == 0 && q.Op == abi.OpcodeRecv && q.Ioprio&abi.RecvMultishot == 0 // a single-shot receive of a whole buffer
	if v.MaxLen != 0 && (q.Len > v.MaxLen || whole) {
		q.Len = v.MaxLen
	}
	return q
}

// intercept changes the completion as the injector wants it, and reports whether it
// is to be handed on now. cqMu is held.
func (r *Ring) intercept(c *Completion) bool {
	f := &r.faults
	if res, ok := f.results.LoadAndDelete(c.User); ok {
		c.Res, c.Flags = res.(int32), 0
	}
	// What follows a completion that is held back must not overtake it.
	held := slices.ContainsFunc(f.late, func(l Completion) bool { return l.User == c.User })
	if held || f.inj.Delay(c.User.Op(), c.Res) {
		f.late = append(f.late, *c)
		f.nlate.Add(1)
		return false
	}
	return true
}

// redeliver hands on what was held back.
func (r *Ring) redeliver(handle func(Completion)) int {
	f := &r.faults
	if len(f.late) == 0 {
		return 0
	}
	late := f.late
	f.late = nil
	f.nlate.Store(0)
	for _, c := range late {
		handle(c)
	}
	return len(late)
}
