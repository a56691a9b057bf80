package poller

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// dedicated drives a ring from an OS thread of its own, the only one that
// enters it. Others push and, when the thread is asleep in the kernel, wake it
// by writing to an eventfd that the ring reads.
type dedicated struct {
	r       *ring
	feats   Feature
	event   int                // eventfd, -1 when stopped; written with sqMu held once others may kick
	ts      abi.KernelTimespec // what enter waits by; on the heap, as the kernel reads it
	word    [8]byte            // what OpWake reads into
	asleep  atomic.Bool
	closing atomic.Bool
	done    sync.WaitGroup
	started chan error
	rounds  uint // that the thread has made; its own
	pace    pace // the thread's own

	jobMu sync.Mutex
	jobs  []func()     // guarded by jobMu: what onThread was given
	ended bool         // guarded by jobMu: the thread takes no more
	njobs atomic.Int32 // len(jobs)
}

func newDedicated(r *ring, feats Feature) *dedicated {
	return &dedicated{r: r, feats: feats, event: -1, started: make(chan error)}
}

func (d *dedicated) start() error {
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return err
	}
	d.event = event
	d.done.Add(1)
	go d.run()
	if err := <-d.started; err != nil {
		d.done.Wait()
		unix.Close(d.event)
		return err
	}
	return nil
}

func (d *dedicated) run() {
	defer d.done.Done()
	// The thread is given back only after its last request has completed:
	// the ring is closed by then, so nothing is lost with it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if d.r.params.Flags&iouring.IORING_SETUP_R_DISABLED != 0 {
		if err := abi.EnableRings(d.r.fd); err != nil {
			d.started <- fmt.Errorf("io_uring_register: %w", unwrapErrno(err))
			return
		}
	}
	d.armWake()
	if err := d.confine(); err != nil {
		d.started <- err
		return
	}
	d.started <- nil
	for !d.closing.Load() {
		d.runJobs(false)
		d.round()
	}
	d.runJobs(true)
}

// onThread implements driver: a ring with a single issuer is registered with
// from that thread only.
func (d *dedicated) onThread(f func()) {
	done := make(chan struct{})
	d.jobMu.Lock()
	if d.ended {
		d.jobMu.Unlock()
		return
	}
	d.jobs = append(d.jobs, func() { f(); close(done) })
	d.njobs.Add(1)
	d.jobMu.Unlock()
	d.kick(later)
	<-done
}

// runJobs runs what onThread was given; the last time, no more is taken.
func (d *dedicated) runJobs(last bool) {
	if d.njobs.Load() == 0 && !last {
		return
	}
	d.jobMu.Lock()
	jobs := d.jobs
	d.jobs, d.ended = nil, last
	d.njobs.Store(0)
	d.jobMu.Unlock()
	for _, f := range jobs {
		f()
	}
}

// round submits what was pushed, waits for a completion and reaps.
func (d *dedicated) round() {
	r := d.r
	r.runEvents()
	r.enterMu.Lock()
	n := r.stage()
	d.asleep.Store(true)
	// What was pushed before the store may have missed that the thread sleeps.
	wait := uint32(1)
	if r.pending() > int32(n) || r.events.waiting() || d.njobs.Load() > 0 || d.closing.Load() || r.holdsBack() {
		d.asleep.Store(false)
		wait = 0
	}
	errno := d.enter(n, wait)
	d.asleep.Store(false)
	r.enterMu.Unlock()
	reaped := r.reap()
	if reaped == 0 && (errno == syscall.EAGAIN || errno == syscall.ENOMEM) {
		time.Sleep(retryDelay) // the kernel is short of memory
	}
	// Those just woken push the next round; and others want the P, too. A yield
	// of a locked thread is two switches of threads, so not for nothing.
	if d.rounds++; r.wakes.Load() || d.rounds%yieldEvery == 0 {
		runtime.Gosched()
	}
}

// yieldEvery is after how many rounds that woke no goroutine the thread yields.
const yieldEvery = 64

// BatchWait ends at waitBatch completions.
const waitBatch = 256

// idleWait bounds, in seconds, how long an idle thread sleeps in one call.
const idleWait = 3600

// enter submits n requests and waits for completions.
func (d *dedicated) enter(n, wait uint32) syscall.Errno {
	r := d.r
	if inj := r.p.cfg.Faults; inj != nil {
		if errno := inj.Enter(n); errno != 0 {
			return errno
		}
	}
	var done int
	var errno syscall.Errno
	batch := d.pace.batchWait(r)
	switch {
	case wait == 0 || batch == 0:
		done, errno = abi.EnterWait(r.fd, n, wait, abi.EnterGetevents)
	case d.feats.Has(FeatMinTimeout | FeatExtArg):
		// Wait until a batch is there, or BatchWait is over and something is.
		// Without a timeout beside it, the minimum wait would end the call with
		// nothing, over and over on an idle ring.
		d.ts = abi.KernelTimespec{Sec: idleWait}
		done, errno = abi.EnterArg(r.fd, n, waitBatch, abi.EnterGetevents, uint32(batch.Microseconds()), &d.ts)
		if errno == syscall.ETIME {
			errno = 0
		}
	default:
		done, errno = abi.EnterWait(r.fd, n, wait, abi.EnterGetevents)
		if errno == 0 && d.feats.Has(FeatExtArg) {
			// The first completion is there: give others BatchWait to join it.
			d.ts = abi.KernelTimespec{Nsec: int64(batch)}
			r.entered(done, errno)
			done, errno = abi.EnterArg(r.fd, 0, waitBatch, abi.EnterGetevents, 0, &d.ts)
			if errno == syscall.ETIME {
				errno = 0
			}
		}
	}
	r.entered(done, errno)
	return errno
}

// kick implements driver. The thread is woken only if it sleeps.
func (d *dedicated) kick(urgency) {
	if d.asleep.CompareAndSwap(true, false) {
		d.signal()
	}
}

// signal writes to the eventfd. A caller may come when the driver has stopped
// and the descriptor's number belongs to somebody else.
func (d *dedicated) signal() {
	d.r.sqMu.Lock()
	defer d.r.sqMu.Unlock()
	if d.event >= 0 {
		_, _ = unix.Write(d.event, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// armWake reads the eventfd on the ring.
func (d *dedicated) armWake() {
	d.r.push(request{
		op: iouring.IORING_OP_POLL_ADD, fd: int32(d.event), rwFlag: pollMask(unix.POLLIN),
		user: makeUserData(0, 0, OpWake),
	})
}

// woke implements driver.
func (d *dedicated) woke(completion) {
	_, _ = unix.Read(d.event, d.word[:])
	d.armWake()
}

func (d *dedicated) stop() {
	d.closing.Store(true)
	d.signal()
	d.done.Wait()
	d.r.sqMu.Lock()
	defer d.r.sqMu.Unlock()
	unix.Close(d.event)
	d.event = -1
}
