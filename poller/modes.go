package poller

import (
	"fmt"
	"strings"
)

// Mode is the way a ring is driven.
type Mode uint8

const (
	// Shared waits for sockets by readiness, in a poller goroutine for each core
	// that is parked in Go's own netpoller, and moves bytes as Config.Transfer
	// says. No OS thread is locked, and no request of a socket stays in the kernel.
	Shared Mode = iota
	// Dedicated gives each ring a locked OS thread that alone enters it, and whose
	// receives and accepts stay armed in the kernel, with
	// IORING_SETUP_SINGLE_ISSUER and, where the kernel has it (6.1),
	// IORING_SETUP_DEFER_TASKRUN.
	Dedicated
	// SQPoll lets a kernel thread poll the submission queue
	// (IORING_SETUP_SQPOLL); receives and accepts stay armed. It burns a CPU while
	// busy.
	SQPoll
)

var modeNames = [...]string{Shared: "shared", Dedicated: "dedicated", SQPoll: "sqpoll"}

// String returns the mode's name as ParseMode reads it.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// ParseMode returns the mode of that name.
func ParseMode(name string) (Mode, error) {
	for m, n := range modeNames {
		if n == name {
			return Mode(m), nil
		}
	}
	return 0, fmt.Errorf("uringnet: unknown drive mode %q (one of %s)", name, strings.Join(modeNames[:], ", "))
}

// Receive is the way a ring that owns its connections receives: with Dedicated and
// SQPoll.
type Receive uint8

const (
	// ReceiveAuto lets the poller choose by drive mode and kernel.
	ReceiveAuto Receive = iota
	// ReceiveSingle keeps at most one single-shot receive armed for each
	// connection. It stays armed when a deadline ends the Read that armed it.
	ReceiveSingle
	// ReceiveMultishot keeps a multishot receive armed (kernel 6.0).
	ReceiveMultishot
)

var receiveNames = [...]string{ReceiveAuto: "auto", ReceiveSingle: "single", ReceiveMultishot: "multishot"}

// String returns the name as ParseReceive reads it.
func (r Receive) String() string {
	if int(r) < len(receiveNames) {
		return receiveNames[r]
	}
	return fmt.Sprintf("Receive(%d)", uint8(r))
}

// ParseReceive returns the receive strategy of that name.
func ParseReceive(name string) (Receive, error) {
	for r, n := range receiveNames {
		if n == name {
			return Receive(r), nil
		}
	}
	return 0, fmt.Errorf("uringnet: unknown receive strategy %q (one of %s)", name, strings.Join(receiveNames[:], ", "))
}

// Transfer is the way in which bytes move between sockets and memory in Shared mode.
type Transfer uint8

const (
	// TransferAuto is TransferDirect while few sockets are ready at a time. Where many
	// are it is what is chosen when the poller is made: TransferBatch where a system call
	// is cheap, TransferRing where it is dear, TransferDirect without io_uring. Status says
	// what was found and chosen.
	TransferAuto Transfer = iota
	// TransferDirect receives by recv(2) and sends by send(2). Each Read and Write waits
	// by itself, in the runtime's netpoller (Go 1.26 and 1.27; else by the loops).
	TransferDirect
	// TransferBatch waits by the loops. It receives for the parked Reads that become ready
	// at the same time in one io_uring_enter, if they are several, and sends by send(2).
	TransferBatch
	// TransferRing is TransferBatch that sends so too what those Reads are answered
	// with: a Write then parks until the batch has gone.
	TransferRing
)

var transferNames = [...]string{TransferAuto: "auto", TransferDirect: "direct", TransferBatch: "batch", TransferRing: "ring"}

// String returns the name as ParseTransfer reads it.
func (t Transfer) String() string {
	if int(t) < len(transferNames) {
		return transferNames[t]
	}
	return fmt.Sprintf("Transfer(%d)", uint8(t))
}

// ParseTransfer returns the transfer of that name.
func ParseTransfer(name string) (Transfer, error) {
	for t, n := range transferNames {
		if n == name {
			return Transfer(t), nil
		}
	}
	return 0, fmt.Errorf("uringnet: unknown transfer %q (one of %s)", name, strings.Join(transferNames[:], ", "))
}

// FallbackPolicy says what happens where io_uring cannot be used.
type FallbackPolicy uint8

// The policies.
const (
	// FallbackAuto does without and says why in Status.
	FallbackAuto FallbackPolicy = iota
	// FallbackNever makes New return an error that names the cause.
	FallbackNever
	// FallbackAlways never tries io_uring. Package uringnet then runs on the
	// standard library.
	FallbackAlways
)

var fallbackNames = [...]string{FallbackAuto: "auto", FallbackNever: "never", FallbackAlways: "always"}

// String returns the policy's name.
func (p FallbackPolicy) String() string {
	if int(p) < len(fallbackNames) {
		return fallbackNames[p]
	}
	return fmt.Sprintf("FallbackPolicy(%d)", uint8(p))
}

// ParseFallback returns the policy of that name.
func ParseFallback(name string) (FallbackPolicy, error) {
	for p, n := range fallbackNames {
		if n == name {
			return FallbackPolicy(p), nil
		}
	}
	return 0, fmt.Errorf("uringnet: unknown fallback %q (one of %s)", name, strings.Join(fallbackNames[:], ", "))
}
