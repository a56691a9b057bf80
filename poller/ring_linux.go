package poller

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/bufpool"
	"github.com/uringnet/go-uringnet/internal/abi"
)

// bufGroup is the id of each ring's only group of provided buffers.
const bufGroup = 0

// When memory for a ring is short: how small it may become, how often the
// smallest is tried again, and after what pause.
const (
	minEntries   = 8
	setupRetries = 5
	setupPause   = 20 * time.Millisecond
)

// ring is one io_uring with what it needs to be driven.
type ring struct {
	p      *Poller
	id     int
	fd     int
	params iouring.IOURingParams
	mem    *ringMem
	bufs   *bufpool.Ring // nil without FeatProvidedBuffers
	drv    driver
	gone   bool // written by release with cqMu, enterMu and sqMu held; read with any of them

	sqMu    sync.Mutex
	tail    uint32       // guarded by sqMu: the SQ's tail, published by stage
	backlog []request    // guarded by sqMu: requests for which the SQ had no room
	queued  atomic.Int32 // requests pushed and not yet submitted; written with sqMu or enterMu held

	enterMu sync.Mutex // held by whoever submits

	cqMu    sync.Mutex
	woken   int32       // guarded by cqMu: goroutines of FDs woken by the running reap
	others  int32       // guarded by cqMu: goroutines with tasks woken by it
	delayed []delayedCQ // guarded by cqMu: held back by an Injector

	// expect is how many goroutines that reaps have woken have not come back
	// with a request, to this ring or another: while it is above zero, more are
	// on their way and a batch is worth waiting for. Some never come back, so it
	// begins anew when nothing was reaped for expectFor.
	expect atomic.Int32
	wakes  atomic.Bool // whether the last reap that found something has woken anybody

	// reaped is when the last reap that found something ended, nanotime.
	reaped atomic.Int64

	// wrote is when the last writer came, nanotime, and writeGap the average time
	// from one to the next: see slow.
	wrote, writeGap atomic.Int64

	// looked is when the ring last looked whether it crowds others out, nanotime,
	// and hits how many direct receives had found something then: see cede.
	looked atomic.Int64
	hits   atomic.Uint64

	held   holding
	events eventQueue
	stat   counters
}

// urgency is what a kick asks for.
type urgency uint8

const (
	// later: a completion has pushed, with cqMu and an FD's mu held. The driver
	// only makes sure that a submission follows.
	later urgency = iota
	// soon: the caller is about to wait for the result and holds no locks but rl
	// and wl, and others will push before long.
	soon
	// alone: no others are known of. The driver may submit and reap on the
	// caller's goroutine.
	alone
)

// loaded reports whether there is work on the ring: goroutines that it has woken and
// that have not come back, the caller's among them, or requests that wait to be
// submitted. By the time that all others have had their turn, more has arrived.
func (r *ring) loaded() bool { return r.expect.Load() > 0 || r.queued.Load() > 0 }

// crowded reports whether there is work of others than the caller, whom the ring may
// have woken itself.
func (r *ring) crowded() bool { return r.expect.Load() > 1 || r.queued.Load() > 0 }

// driver submits a ring's requests and reaps its completions.
type driver interface {
	// start begins to drive; it is called once, before any push.
	start() error
	// kick is called after a push.
	kick(u urgency)
	// woke handles the completion of an OpWake request.
	woke(c completion)
	// onThread runs f where the ring may be registered with, and waits for it.
	// After stop it may not run f.
	onThread(f func())
	// stop ends driving and returns when no goroutine uses the ring.
	stop()
}

// setupRing makes a ring with the given setup flags and maps it.
func setupRing(cfg *Config, flags uint32, sqThreadCPU int) (*ring, error) {
	r := &ring{fd: -1}
	entries := cfg.SQEntries
	for retries := setupRetries; ; {
		r.params = iouring.IOURingParams{Flags: flags | iouring.IORING_SETUP_CQSIZE | iouring.IORING_SETUP_CLAMP}
		r.params.CQEntries = uint32(max(cfg.CQEntries*entries/cfg.SQEntries, entries))
		if flags&iouring.IORING_SETUP_SQPOLL != 0 {
			r.params.SQThreadIdle = uint32(cfg.SQPollIdle.Milliseconds())
			r.params.SQThreadCPU = uint32(max(sqThreadCPU, 0))
		}
		fd, err := iouring.IOURingSetup(uint(entries), &r.params)
		if err == nil {
			r.fd = fd
			break
		}
		if !errors.Is(err, syscall.ENOMEM) || retries == 0 {
			return nil, fmt.Errorf("io_uring_setup: %w", unwrapErrno(err))
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

// unwrapErrno returns the errno in err, or err.
func unwrapErrno(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// provideBuffers gives the ring its provided buffers, fewer if memory is short.
func (r *ring) provideBuffers(size, count int) error {
	for {
		b, err := bufpool.NewRing(size, count)
		if err == nil {
			if err = abi.RegisterBufRing(r.fd, b.Addr(), uint32(count), bufGroup); err == nil {
				r.bufs = b
				return nil
			}
			b.Close()
		}
		if !errors.Is(err, syscall.ENOMEM) || count <= 1 {
			return fmt.Errorf("provided buffer ring: %w", unwrapErrno(err))
		}
		count /= 2
	}
}

// release closes the ring and its memory. No request may be in flight, but a
// caller whose request somebody else has reaped may still be on its way out of
// the driver: it finds the ring gone.
func (r *ring) release() {
	r.cqMu.Lock()
	defer r.cqMu.Unlock()
	r.enterMu.Lock()
	defer r.enterMu.Unlock()
	r.sqMu.Lock()
	defer r.sqMu.Unlock()
	r.gone = true
	if r.fd >= 0 {
		unix.Close(r.fd)
		r.fd = -1
	}
	r.mem.unmap()
	if r.bufs != nil {
		r.bufs.Close()
	}
}
