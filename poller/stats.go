package poller

import (
	"fmt"
	"reflect"
	"strings"
)

// Status describes a Poller.
type Status struct {
	Mode     Mode
	Rings    int
	Features Feature // in use
	Missing  Feature // asked of the kernel and not there
	Disabled Feature // switched off by Config.Disable
	// Receive is the way connections receive: single or multishot.
	Receive Receive
	// Buffers says how the provided buffers are backed: "huge pages",
	// "transparent huge pages", "plain pages", or "none".
	Buffers                 string
	BufferSize, BufferCount int // of each ring
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
	fmt.Fprintf(&b, "%s mode, %d ring(s) of %d/%d entries, %s receive", s.Mode, s.Rings, s.SQEntries, s.CQEntries, s.Receive)
	if s.BufferCount > 0 {
		fmt.Fprintf(&b, " into %d buffers of %d bytes a ring on %s", s.BufferCount, s.BufferSize, s.Buffers)
	}
	if s.FixedFiles > 0 {
		fmt.Fprintf(&b, ", %d registered files", s.FixedFiles)
	}
	if s.FixedBuffers > 0 {
		how := "registered"
		if !s.FixedRegistered {
			how = "unregistered"
		}
		fmt.Fprintf(&b, ", %d %s buffers of %d bytes on %s for files", s.FixedBuffers, how, s.FixedBufferSize, s.FixedBacking)
	}
	if s.IOWQ != [2]int{} {
		fmt.Fprintf(&b, ", at most %d bounded and %d unbounded io-wq workers a thread", s.IOWQ[0], s.IOWQ[1])
	}
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

// Counters are what a ring has done since it was made.
type Counters struct {
	Accepts     uint64 // connections accepted by the ring
	Receives    uint64 // receives completed with bytes or end of file
	Sends       uint64 // sends completed by the ring
	BytesIn     uint64 // bytes received, by the ring and by direct recv
	BytesOut    uint64 // bytes sent, by the ring and by direct send
	Enters      uint64 // io_uring_enter calls
	SQEs        uint64 // requests submitted
	CQEs        uint64 // completions reaped
	Reaps       uint64 // reaps that found completions
	DirectRecvs uint64 // recv(2) calls tried before arming
	DirectHits  uint64 // those that found bytes
	DirectSends uint64 // send(2) calls made instead of a request
	Rearms      uint64 // receives and accepts armed again after they ended early
	NoBuffers   uint64 // completions with ENOBUFS
	Overflows   uint64 // times the completion queue overflowed
	Inline      uint64 // submissions made by the writing goroutine itself
	Cancels     uint64 // cancellations submitted
	Spills      uint64 // receives copied to user-space buffers
	FixedIO     uint64 // reads and writes of registered buffers (READ_FIXED, WRITE_FIXED)
	ZeroCopies  uint64 // zero-copy sends whose memory came back
	ZeroCopied  uint64 // those that the kernel has copied after all
	Events      uint64 // calls of Events.Data
	Reruns      uint64 // requests of files that took over a second, were cancelled and run again
	Ceded       uint64 // times the ring's thread has ceded its CPU to another ring's
	Unexpected  uint64 // completions with an errno nobody expected
}

// Add adds o to c.
func (c *Counters) Add(o Counters) {
	dst, src := reflect.ValueOf(c).Elem(), reflect.ValueOf(o)
	for i := range dst.NumField() {
		dst.Field(i).SetUint(dst.Field(i).Uint() + src.Field(i).Uint())
	}
}
