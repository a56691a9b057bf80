package poller

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Status describes a Poller.
type Status struct {
	Mode  Mode
	Rings int // rings, or, without io_uring, loops: one for each core
	// IOUring is whether io_uring is used. Without it sockets are waited for by
	// readiness all the same, and bytes move by system calls.
	IOUring bool
	// Reason is why io_uring is not used, "" if it is; Err is the error behind it,
	// if there is one.
	Reason string
	Err    error
	// Transfer is the way bytes move in Shared mode, TransferReason why, and
	// SyscallCost what a system call costs here, if that was measured.
	Transfer       Transfer
	TransferReason string
	SyscallCost    time.Duration
	Features       Feature // in use
	Missing        Feature // asked of the kernel and not there
	Disabled       Feature // switched off by Config.Disable
	Denied         Feature // there, but done without for a bug of this kernel: Notes say which
	// Receive is the way connections receive with Dedicated and SQPoll: single or
	// multishot.
	Receive Receive
	// NoIOWait is whether the thread of an idle ring is not counted as waiting for a
	// disk (Dedicated, kernel 6.15).
	NoIOWait bool
	// Buffers says how the provided buffers are backed: "huge pages",
	// "transparent huge pages", "plain pages", or "none".
	Buffers                 string
	BufferSize, BufferCount int // of each ring; a lent buffer's size without provided ones
	SQEntries, CQEntries    int // of each ring
	FixedFiles              int // of each ring; 0: ordinary descriptors
	// FixedBuffers of FixedBufferSize bytes on FixedBacking are for files; 0
	// until they are first asked for. FixedRegistered says whether the kernel
	// has them registered.
	FixedBuffers, FixedBufferSize int
	FixedBacking                  string
	FixedRegistered               bool
	// IOWQ is the limit of io-wq workers that the kernel reports, bounded and
	// unbounded; zero if none was set.
	IOWQ   [2]int
	Kernel string
	// Notes are things worth knowing: a smaller ring than asked for, a flag
	// that was refused.
	Notes []string
}

// String says it in words.
func (s Status) String() string {
	var b strings.Builder
	switch {
	case !s.IOUring:
		fmt.Fprintf(&b, "readiness and system calls, %d loop(s); io_uring is not used: %s", s.Rings, s.Reason)
	case s.Mode == Shared:
		fmt.Fprintf(&b, "%s mode, %d ring(s) of %d/%d entries, %s transfer (%s)", s.Mode, s.Rings, s.SQEntries, s.CQEntries, s.Transfer, s.TransferReason)
	default:
		fmt.Fprintf(&b, "%s mode, %d ring(s) of %d/%d entries, %s receive", s.Mode, s.Rings, s.SQEntries, s.CQEntries, s.Receive)
	}
	if s.BufferCount > 0 {
		fmt.Fprintf(&b, " into %d buffers of %d bytes a ring on %s", s.BufferCount, s.BufferSize, s.Buffers)
	}
	if s.NoIOWait {
		b.WriteString(", idle without iowait")
	}
	s.writeFiles(&b)
	fmt.Fprintf(&b, ", kernel %s, features %s", s.Kernel, s.Features)
	if s.Missing != 0 {
		fmt.Fprintf(&b, ", kernel lacks %s", s.Missing)
	}
	if s.Disabled != 0 {
		fmt.Fprintf(&b, ", switched off %s", s.Disabled)
	}
	for _, n := range s.Notes {
		fmt.Fprintf(&b, "; %s", n)
	}
	return b.String()
}

// writeFiles says what is registered.
func (s Status) writeFiles(b *strings.Builder) {
	if s.FixedFiles > 0 {
		fmt.Fprintf(b, ", %d registered files", s.FixedFiles)
	}
	if s.FixedBuffers > 0 {
		how := "registered"
		if !s.FixedRegistered {
			how = "unregistered"
		}
		fmt.Fprintf(b, ", %d %s buffers of %d bytes on %s for files", s.FixedBuffers, how, s.FixedBufferSize, s.FixedBacking)
	}
	if s.IOWQ != [2]int{} {
		fmt.Fprintf(b, ", at most %d bounded and %d unbounded io-wq workers a thread", s.IOWQ[0], s.IOWQ[1])
	}
}

// Counters are what a core, a ring with its poller goroutine, has done since it was
// made.
type Counters struct {
	Accepts      uint64 // connections accepted
	Receives     uint64 // receives completed by the ring with bytes or end of file
	Sends        uint64 // sends completed by the ring
	BytesIn      uint64 // bytes received, by the ring and by recv(2)
	BytesOut     uint64 // bytes sent, by the ring and by send(2)
	Harvests     uint64 // times that readiness was reported
	Edges        uint64 // reports of readiness
	DirectRecvs  uint64 // recv(2) calls
	DirectMisses uint64 // those that found nothing
	DirectSends  uint64 // send(2) calls
	Enters       uint64 // io_uring_enter calls
	SQEs         uint64 // requests submitted
	CQEs         uint64 // completions reaped
	Reaps        uint64 // reaps that found completions
	Overflows    uint64 // times the completion queue overflowed
	Cancels      uint64 // cancellations submitted
	Rearms       uint64 // receives and accepts armed again after they ended early
	NoBuffers    uint64 // completions with ENOBUFS
	Spills       uint64 // receives copied to user-space buffers
	FixedIO      uint64 // reads and writes of registered buffers (READ_FIXED, WRITE_FIXED)
	ZeroCopies   uint64 // zero-copy sends whose memory came back
	ZeroCopied   uint64 // those that the kernel has copied after all
	Events       uint64 // calls of Events.Data
	Reruns       uint64 // requests of files and chains that the kernel gave up, or took over a second for, and that were run again
	PlainFiles   uint64 // operations of files made by a system call, because the kernel gave up their requests over and over
	Unexpected   uint64 // completions with an errno nobody expected
}

// Add adds o to c.
func (c *Counters) Add(o Counters) {
	dst, src := reflect.ValueOf(c).Elem(), reflect.ValueOf(o)
	for i := range dst.NumField() {
		dst.Field(i).SetUint(dst.Field(i).Uint() + src.Field(i).Uint())
	}
}

// InUse is how many buffers are held; all zero when nothing is open and nothing leaks.
type InUse struct {
	Provided   int // of the rings' provided buffers
	Registered int // of the registered buffers for files
	Elastic    int // of those in user space
}
