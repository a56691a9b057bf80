package poller

import "syscall"

// Op names the kind of a request, for an Injector and for errors.
type Op uint8

// The kinds of request.
const (
	OpNone Op = iota
	OpRecv
	OpSend
	OpAccept
	OpCancelRx // a cancellation of OpRecv, OpPollIn or OpAccept
	OpCancelTx // a cancellation of OpSend or OpPollOut
	OpPollIn
	OpPollOut
	OpWake
	OpTask // a request of a File or a Chain
	OpCancelTask
)

var opNames = [...]string{"none", "recv", "send", "accept", "cancelrx", "canceltx", "pollin", "pollout", "wake", "task", "canceltask"}

// String returns the operation's name.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return "unknown"
}

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

// Injector injects faults in tests. Its methods are called from several
// goroutines at once.
type Injector interface {
	// Submit is asked about each request before it is queued.
	Submit(op Op, length uint32) Verdict
	// Enter is asked before each io_uring_enter; an errno other than 0 is
	// returned in place of the call.
	Enter(toSubmit uint32) syscall.Errno
	// Delay reports whether a completion just reaped is to be handed on only
	// with a later reap.
	Delay(op Op, res int32) bool
}

// RingPicker is an Injector that also chooses the ring, from 0 to n-1, for
// each request: goroutines change their P at any time.
type RingPicker interface {
	Ring(n int) int
}
