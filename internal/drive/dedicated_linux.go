package drive

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// dedicated drives a ring from an OS thread of its own, the only one that
// enters it. Others push and, when the thread is asleep in the kernel, wake it
// by writing to an eventfd that the ring polls.
type dedicated struct {
	r    *ring.Ring
	c    Client
	o    DedicatedOptions
	w    *ring.Waiter
	pace pace    // the thread's own
	word [8]byte // what the eventfd says; the thread's own
	one  [8]byte // what is written to it

	mu    sync.Mutex
	event int // eventfd, -1 when stopped; guarded by mu once others may kick

	asleep  atomic.Bool
	closing atomic.Bool
	done    sync.WaitGroup
	started chan error
	rounds  uint // that the thread has made; its own
	woken   bool // whether the running reap has woken a goroutine; the thread's own

	jobMu sync.Mutex
	jobs  []func()     // guarded by jobMu: what OnThread was given
	ended bool         // guarded by jobMu: the thread takes no more
	njobs atomic.Int32 // len(jobs)
}

// DedicatedOptions say how a thread drives its ring.
type DedicatedOptions struct {
	Features  ring.Feature
	BatchWait time.Duration // how long to wait for company of a completion; 0: not
	Inflow    func() uint64 // bytes that the ring has received so far
	CPUs      []int         // of the io-wq workers; empty: all
}

// NewDedicated makes a Driver with a thread of its own.
func NewDedicated(r *ring.Ring, c Client, o DedicatedOptions) Driver {
	return &dedicated{r: r, c: c, o: o, event: -1, one: [8]byte{1}, started: make(chan error), pace: pace{wait: o.BatchWait, inflow: o.Inflow}}
}

func (d *dedicated) Start() error {
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("eventfd: %w", err)
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
	if d.r.Has(abi.SetupRDisabled) {
		if err := d.r.Enable(); err != nil {
			d.started <- fmt.Errorf("io_uring_register: %w", err)
			return
		}
	}
	d.w = d.r.NewWaiter(d.o.Features, true)
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

// confine binds the thread's workers, once it has submitted something: only then it
// has workers to bind.
func (d *dedicated) confine() error {
	if len(d.o.CPUs) == 0 {
		return nil
	}
	if errno := d.r.Submit(true); errno != 0 {
		return fmt.Errorf("io_uring_enter: %w", errno)
	}
	if err := d.r.Confine(d.o.CPUs); err != nil {
		return confineError(d.o.CPUs, err)
	}
	return nil
}

func confineError(cpus []int, err error) error {
	return fmt.Errorf("Config.IOWQCPUs %v (IORING_REGISTER_IOWQ_AFF, kernel 5.14): %w", cpus, err)
}

// OnThread implements Driver: a ring with a single issuer is registered with
// from that thread only.
func (d *dedicated) OnThread(f func()) {
	done := make(chan struct{})
	d.jobMu.Lock()
	if d.ended {
		d.jobMu.Unlock()
		return
	}
	d.jobs = append(d.jobs, func() { f(); close(done) })
	d.njobs.Add(1)
	d.jobMu.Unlock()
	d.Kick(Later)
	<-done
}

// runJobs runs what OnThread was given; the last time, no more is taken.
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
	d.c.Work()
	errno := d.w.Round(d.pace.batchWait(), d.stay)
	d.asleep.Store(false)
	d.woken = false
	n, short := d.r.Reap(d.complete)
	if n == 0 && (short || errno == syscall.EAGAIN || errno == syscall.ENOMEM) {
		time.Sleep(retryDelay) // the kernel is short of memory
	}
	// Those just woken push the next round; and others want the P, too. A yield
	// of a locked thread is two switches of threads, so not for nothing.
	if d.rounds++; d.woken || d.rounds%yieldEvery == 0 {
		runtime.Gosched()
	}
}

// stay reports whether the thread may sleep. What was asked for before asleep was set
// may have missed that it does.
func (d *dedicated) stay() bool {
	d.asleep.Store(true)
	if d.c.Waiting() || d.njobs.Load() > 0 || d.closing.Load() {
		d.asleep.Store(false)
		return false
	}
	return true
}

// yieldEvery is after how many rounds that woke no goroutine the thread yields.
const yieldEvery = 64

func (d *dedicated) complete(c ring.Completion) {
	if c.User.Op() != slots.OpWake {
		d.woken = d.c.Complete(c) || d.woken
		return
	}
	_, _ = unix.Read(d.event, d.word[:])
	d.armWake()
}

// Kick implements Driver. The thread is woken only if it sleeps.
func (d *dedicated) Kick(Urgency) {
	if d.asleep.CompareAndSwap(true, false) {
		d.signal()
	}
}

// signal writes to the eventfd. A caller may come when the driver has stopped
// and the descriptor's number belongs to somebody else.
func (d *dedicated) signal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.event >= 0 {
		_, _ = unix.Write(d.event, d.one[:])
	}
}

// armWake polls the eventfd on the ring.
func (d *dedicated) armWake() {
	d.r.Push(ring.Request{
		Op: abi.OpcodePollAdd, FD: int32(d.event), RWFlag: ring.PollMask(unix.POLLIN),
		User: slots.MakeUserData(slots.Place{}, slots.OpWake),
	})
}

func (d *dedicated) Stop() {
	d.closing.Store(true)
	d.signal()
	d.done.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	unix.Close(d.event)
	d.event = -1
}
