package poller

import (
	"sync"
	"syscall"

	"github.com/uringnet/go-uringnet/internal/drive"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// core is what a Poller has for each core: a loop that waits for readiness, and a ring
// that is driven, for what stays in the kernel: with Dedicated and SQPoll for
// everything, in Shared mode for files, chains and zero-copy sends, made when the first
// of them comes.
type core struct {
	p      *Poller
	id     int
	stat   counters
	loop   *loop
	driven *driven    // Dedicated, SQPoll: made at once, never changed. Shared: nil
	events eventQueue // of the FDs that driven owns

	mu       sync.Mutex
	made     *driven // guarded by mu: Shared's, see tasks
	evloop   *loop   // guarded by mu: of event-driven FDs, see eventLoop
	stopping bool    // guarded by mu: nothing more is made
}

// driven is a ring with its driver.
type driven struct {
	*ring.Ring
	c   *core
	drv drive.Driver
}

const driveLater = drive.Later

// kick submits, on the caller's goroutine if need be. It may be called on nil.
func (d *driven) kick() {
	if d != nil {
		d.drv.Kick(drive.Now)
	}
}

// sendRing implements sender.
func (d *driven) sendRing() *ring.Ring { return d.Ring }

// tasks returns the core's driven ring, which the first call makes.
func (c *core) tasks() (*driven, error) {
	if c.driven != nil {
		return c.driven, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made != nil || c.stopping {
		if c.stopping {
			return nil, ErrClosed
		}
		return c.made, nil
	}
	if !c.p.feats.Has(FeatIOUring) {
		return nil, syscall.ENOSYS
	}
	var err error
	c.p.outside(func() { c.made, err = c.drive() })
	return c.made, err
}

// drivenNow returns the core's driven ring if there is one.
func (c *core) drivenNow() *driven {
	if c.driven != nil {
		return c.driven
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.made
}

// eventLoop returns the loop of the core's event-driven FDs, which the first call makes:
// a handler that takes long does not keep back blocking FDs.
func (c *core) eventLoop() (l *loop, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return nil, ErrClosed
	}
	if c.evloop == nil {
		c.p.outside(func() { c.evloop, err = c.newLoop() })
	}
	return c.evloop, err
}

// drive makes a ring with its driver.
func (c *core) drive() (*driven, error) {
	p := c.p
	flags, cpu := setupFlags(&p.cfg, p.mode, p.feats, c.id)
	o := p.ringOptions(&c.stat, flags)
	o.SQThreadIdle, o.SQThreadCPU = p.cfg.SQPollIdle, cpu
	r, err := ring.New(o)
	if err != nil {
		return nil, err
	}
	d := &driven{Ring: r, c: c}
	if err := p.outfit(d); err != nil {
		r.Close()
		return nil, err
	}
	switch p.mode {
	case Dedicated:
		d.drv = drive.NewDedicated(r, c, drive.DedicatedOptions{
			Features: p.feats, BatchWait: p.cfg.BatchWait, Inflow: c.stat.bytesIn.Load, CPUs: p.cfg.IOWQCPUs,
		})
	case SQPoll:
		d.drv = drive.NewSQPoll(r, c, p.cfg.IOWQCPUs)
	default:
		d.drv = drive.NewShared(r, c)
	}
	if p.mode != Shared { // what the driver's goroutines look at is there before they are
		c.driven = d
		c.events = eventQueue{driven: d, kick: func() { d.drv.Kick(driveLater) }}
	}
	if err := d.drv.Start(); err != nil {
		c.driven = nil
		r.Close()
		return nil, err
	}
	return d, nil
}

// Complete implements drive.Client.
func (c *core) Complete(done ring.Completion) bool { return c.deliver(nil, done) }

// Work implements drive.Client.
func (c *core) Work() bool { return c.events.run() }

// Waiting implements drive.Client.
func (c *core) Waiting() bool { return c.events.waiting() }

// deliver gives a completion of the core's driven ring, or of l's, to whom it belongs.
// It reports whether a goroutine was woken.
func (c *core) deliver(l *loop, done ring.Completion) bool {
	op := done.User.Op()
	switch op {
	case slots.OpNone:
		return false
	case slots.OpTask, slots.OpCancelTask:
		return c.taskDone(op, done)
	}
	fd := c.p.fds.Get(done.User)
	if fd == nil {
		// Slots are freed only after the last completion but that of a cancel.
		if op != slots.OpCancelRx && op != slots.OpCancelTx {
			c.p.unexpected(c, op, syscall.Errno(max(-done.Res, 0)))
		}
		return false
	}
	switch op {
	case slots.OpCancelRx, slots.OpCancelTx:
		fd.onCancel(c, op, syscall.Errno(-done.Res))
	case slots.OpRecv:
		if l != nil {
			return fd.received(l, done.Res)
		}
		return fd.onArmed(c, done)
	case slots.OpSend:
		return fd.onSend(c, done)
	case slots.OpAccept:
		return fd.onAccept(c, done)
	}
	return false
}

// forbid stops making rings and loops.
func (c *core) forbid() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
}

// stop ends what the core has. No FD is open and no task runs any more.
func (c *core) stop() {
	d := c.drivenNow()
	if d != nil {
		d.drv.Stop()
	}
	for _, l := range []*loop{c.loop, c.evloop} {
		if l != nil {
			l.stop()
		}
	}
	c.events.runAll() // the last calls of Closed
	if d != nil {
		d.Ring.Close()
	}
}

// unexpected counts a completion that nobody expected, and logs the first of each kind.
func (p *Poller) unexpected(c *core, op slots.Op, errno syscall.Errno) {
	c.stat.unexpected.Add(1)
	if p.seam != nil {
		return
	}
	if _, known := p.strange.LoadOrStore([2]int{int(op), int(errno)}, true); !known {
		p.cfg.Logger.Warn("uringnet: unexpected completion; further ones of its kind are only counted", "request", op.String(), "errno", errno)
	}
}
