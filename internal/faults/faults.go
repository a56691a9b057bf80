// Package faults injects faults into a poller: what kernels answer
// rarely, often. It is for tests.
package faults

import (
	"fmt"
	"sync/atomic"
	"syscall"

	"github.com/uringnet/go-uringnet/internal/seam"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Plan says how often each fault comes: once in so many chances on average;
// 0 means never.
type Plan struct {
	Short int // a receive or send of a few bytes
	Errno int // a request that fails with an errno that its operation may have
	Enter int // an io_uring_enter that fails
	Delay int // a completion that comes late
	// Multishot says that requests may complete more than once, so that only
	// what certainly is a last completion can be delayed without reordering.
	Multishot bool
}

// Injector is a seam.Injector. What it does to the n-th request of a kind
// depends on the seed alone.
type Injector struct {
	seed   uint64
	plan   Plan
	chance [chances]atomic.Uint64 // how often each was asked
	done   [kinds]atomic.Uint64
}

// The kinds of fault.
const (
	short = iota
	errno
	enter
	delay
	kinds
)

// An Injector decides by operation and question.
const (
	ops     = 16
	chances = ops * kinds
)

// New makes an Injector.
func New(seed uint64, plan Plan) *Injector { return &Injector{seed: seed, plan: plan} }

// String names the seed and what was done.
func (in *Injector) String() string {
	return fmt.Sprintf("seed %d: %d short, %d errnos, %d enters, %d delays", in.seed,
		in.done[short].Load(), in.done[errno].Load(), in.done[enter].Load(), in.done[delay].Load())
}

// Done is the number of faults injected.
func (in *Injector) Done() (n uint64) {
	for i := range in.done {
		n += in.done[i].Load()
	}
	return n
}

// errnos are what each operation fails with although nothing is wrong with
// its socket. (EAGAIN is none of them but for accepts: readiness is to follow it.)
var errnos = map[slots.Op][]syscall.Errno{
	slots.OpRecv:   {syscall.EINTR, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECANCELED},
	slots.OpSend:   {syscall.EINTR, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECANCELED},
	slots.OpAccept: {syscall.EAGAIN, syscall.EINTR, syscall.ENOMEM, syscall.ECANCELED, syscall.ECONNABORTED},
}

// enterErrnos are what io_uring_enter fails with now and then.
var enterErrnos = []syscall.Errno{syscall.EINTR, syscall.EAGAIN, syscall.EBUSY, syscall.ENOMEM}

// Submit implements seam.Injector.
func (in *Injector) Submit(op slots.Op, length uint32) (v seam.Verdict) {
	if list := errnos[op]; list != nil {
		if roll, hit := in.roll(op, errno, in.plan.Errno); hit {
			v.Errno = list[roll%uint64(len(list))]
			return v
		}
	}
	if op == slots.OpRecv || op == slots.OpSend && length > 1 {
		if roll, hit := in.roll(op, short, in.plan.Short); hit {
			v.MaxLen = 1 + uint32(roll%100)
		}
	}
	return v
}

// Call implements seam.Injector: a system call fails only as it may on a socket that
// is well.
func (in *Injector) Call(op slots.Op, length int) (v seam.Verdict) {
	if roll, hit := in.roll(op, errno, in.plan.Errno); hit {
		v.Errno = callErrnos[roll%uint64(len(callErrnos))]
		return v
	}
	if length > 1 {
		if roll, hit := in.roll(op, short, in.plan.Short); hit {
			v.MaxLen = 1 + uint32(roll%100)
		}
	}
	return v
}

// callErrnos are what recv(2) and send(2) may fail with although nothing is wrong.
var callErrnos = []syscall.Errno{syscall.EINTR}

// Enter implements seam.Injector.
func (in *Injector) Enter(toSubmit uint32) syscall.Errno {
	roll, hit := in.roll(slots.OpNone, enter, in.plan.Enter)
	if !hit {
		return 0
	}
	if toSubmit == 0 {
		return syscall.EINTR // the others are about what is submitted
	}
	return enterErrnos[roll%uint64(len(enterErrnos))]
}

// Delay implements seam.Injector.
func (in *Injector) Delay(op slots.Op, res int32) bool {
	switch op {
	case slots.OpRecv, slots.OpAccept:
		if in.plan.Multishot && res > 0 || op == slots.OpAccept && res == 0 {
			return false
		}
	case slots.OpSend, slots.OpCancelRx, slots.OpCancelTx:
	default:
		return false
	}
	_, hit := in.roll(op, delay, in.plan.Delay)
	return hit
}

// roll decides about the next chance for a fault, and gives a random number
// with it.
func (in *Injector) roll(op slots.Op, kind, oneIn int) (uint64, bool) {
	if oneIn <= 0 {
		return 0, false
	}
	which := (int(op)%ops)*kinds + kind
	n := in.chance[which].Add(1)
	x := mix(in.seed ^ mix(uint64(which)<<48^n))
	if x%uint64(oneIn) != 0 {
		return 0, false
	}
	in.done[kind].Add(1)
	return mix(x), true
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
