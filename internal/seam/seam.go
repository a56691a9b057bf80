// Package seam is where tests reach into the engine: faults, and the choice of
// rings. Programs cannot: what is injected is handed to the pollers that are made
// while With runs.
package seam

import (
	"sync"
	"syscall"

	"github.com/uringnet/go-uringnet/internal/slots"
)

// Verdict is what an Injector wants done with a request that is about to be
// queued. The zero Verdict leaves it alone.
type Verdict struct {
	// Errno, if not 0, becomes the request's result: the kernel gets a NOP in
	// its place.
	Errno syscall.Errno
	// MaxLen, if not 0, caps the length of a receive or a send, so that it
	// is short for real.
	MaxLen uint32
}

// Injector injects faults. Its methods are called from several goroutines at once.
type Injector interface {
	// Submit is asked about each request before it is queued.
	Submit(op slots.Op, length uint32) Verdict
	// Enter is asked before each io_uring_enter; an errno other than 0 is
	// returned in place of the call.
	Enter(toSubmit uint32) syscall.Errno
	// Delay reports whether a completion just reaped is to be handed on only
	// with a later reap.
	Delay(op slots.Op, res int32) bool
	// Call is asked before a receive or send by a system call: what it says is
	// returned in place of the call, or caps it.
	Call(op slots.Op, length int) Verdict
}

// RingPicker is an Injector that also chooses the ring, from 0 to n-1, for
// each request: goroutines change their P at any time.
type RingPicker interface {
	Ring(n int) int
}

var (
	one     sync.Mutex // held by With
	mu      sync.Mutex
	pending Injector // guarded by mu
)

// With runs f; every poller made meanwhile takes inj.
func With(inj Injector, f func()) {
	one.Lock()
	defer one.Unlock()
	set(inj)
	defer set(nil)
	f()
}

func set(inj Injector) {
	mu.Lock()
	defer mu.Unlock()
	pending = inj
}

// Take is called when a poller is made. It returns nil but in tests.
func Take() Injector {
	mu.Lock()
	defer mu.Unlock()
	return pending
}
