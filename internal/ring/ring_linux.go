package ring

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/bufpool"
	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/seam"
)

// When memory for a ring is short: how small it may become, how often the
// smallest is tried again, and after what pause.
const (
	minEntries   = 8
	setupRetries = 5
	setupPause   = 20 * time.Millisecond
)

// leastEntries is the smallest submission queue that is made: a request and the
// timeout linked to it have to fit.
const leastEntries = 2

// Options say what a Ring is made as.
type Options struct {
	SQEntries, CQEntries int // powers of two
	Flags                uint32
	SQThreadIdle         time.Duration // with IORING_SETUP_SQPOLL
	SQThreadCPU          int           // with IORING_SETUP_SQ_AFF
	Seam                 seam.Injector // nil but in tests
	Stats                *Stats        // nil: nobody asks
}

// Ring is one io_uring.
type Ring struct {
	fd     int
	params abi.Params
	mem    *memory
	bufs   *bufpool.Ring // nil until ProvideBuffers
	stats  *Stats
	gone   bool // written by Close with cqMu, enterMu and sqMu held; read with any of them

	sqMu    sync.Mutex
	tail    uint32       // guarded by sqMu: the SQ's tail, published by Stage
	backlog []Request    // guarded by sqMu: requests for which the SQ had no room
	queued  atomic.Int32 // requests pushed and not yet submitted; written with sqMu or enterMu held

	enterMu sync.Mutex // held by whoever submits
	cqMu    sync.Mutex // held by whoever reaps

	faults faults
}

// New makes a ring, smaller than asked for where memory is short. An error names
// the system call that failed and wraps its errno.
func New(o Options) (*Ring, error) {
	r := &Ring{fd: -1, stats: o.Stats, faults: faults{inj: o.Seam}}
	if r.stats == nil {
		r.stats = new(Stats)
	}
	entries := max(o.SQEntries, leastEntries)
	for retries := setupRetries; ; {
		r.params = abi.Params{Flags: o.Flags | abi.SetupCQSize | abi.SetupClamp}
		r.params.CQEntries = uint32(max(o.CQEntries*entries/max(o.SQEntries, leastEntries), entries))
		if o.Flags&abi.SetupSQPoll != 0 {
			r.params.SQThreadIdle = uint32(o.SQThreadIdle.Milliseconds())
			r.params.SQThreadCPU = uint32(max(o.SQThreadCPU, 0))
		}
		fd, err := abi.Setup(entries, &r.params)
		if err == nil {
			r.fd = fd
			break
		}
		if !errors.Is(err, syscall.ENOMEM) || retries == 0 {
			return nil, fmt.Errorf("io_uring_setup: %w", Errno(err))
		}
		// RLIMIT_MEMLOCK or memory is short: halve and try again. A ring that
		// was closed gives its memory back only some time later.
		if entries > minEntries {
			entries /= 2
		} else {
			time.Sleep(setupPause)
			retries--
		}
	}
	mem, err := mapRing(r.fd, &r.params)
	if err != nil {
		unix.Close(r.fd)
		return nil, err
	}
	r.mem = mem
	r.tail = mem.sqTail.Load()
	return r, nil
}

// Errno returns the errno in err, or err.
func Errno(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// FD is the ring's descriptor: it is readable while completions wait.
func (r *Ring) FD() int { return r.fd }

// Has reports whether the ring was set up with the flag.
func (r *Ring) Has(flag uint32) bool { return r.params.Flags&flag != 0 }

// Entries are the sizes of the two queues.
func (r *Ring) Entries() (sq, cq int) { return int(r.params.SQEntries), int(r.params.CQEntries) }

// NoIOWait reports whether the kernel can wait without being counted as waiting for a
// disk (6.15).
func (r *Ring) NoIOWait() bool { return r.params.Features&abi.FeatNoIOWait != 0 }

// Buffers are the ring's provided buffers, nil if there are none.
func (r *Ring) Buffers() *bufpool.Ring { return r.bufs }

// Close closes the ring and its memory. No request may be in flight, but a
// caller whose request somebody else has reaped may still be on its way out:
// it finds the ring gone.
func (r *Ring) Close() {
	r.cqMu.Lock()
	defer r.cqMu.Unlock()
	r.enterMu.Lock()
	defer r.enterMu.Unlock()
	r.sqMu.Lock()
	defer r.sqMu.Unlock()
	if r.gone {
		return
	}
	r.gone = true
	unix.Close(r.fd)
	r.mem.unmap()
	if r.bufs != nil {
		r.bufs.Close()
	}
}
