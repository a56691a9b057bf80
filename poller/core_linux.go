package poller

import (
	"syscall"

	"github.com/uringnet/go-uringnet/internal/drive"
	"github.com/uringnet/go-uringnet/internal/ring"
)

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
