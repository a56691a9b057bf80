package poller

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"

	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/rt"
	"github.com/uringnet/go-uringnet/internal/seam"
)

// New makes a Poller; cfg may be a zero Config. Where io_uring cannot be used it serves
// sockets by readiness and system calls, and Status says why. An error is a
// *ConfigError, names a system call that failed and wraps its errno, or says, under
// FallbackNever, why io_uring cannot be used.
func New(cfg Config) (*Poller, error) {
	if err := cfg.Normalize(runtime.GOMAXPROCS(0)); err != nil {
		return nil, err
	}
	p := &Poller{cfg: cfg, mode: cfg.Mode, patience: rerunAfter, seam: seam.Take()}
	found, err := p.findRings()
	if err == nil {
		err = p.make()
	}
	if err != nil {
		if cfg.Fallback == FallbackNever {
			return nil, err
		}
		p.without(err)
		if still := p.make(); still != nil {
			return nil, fmt.Errorf("%w; without it: %w", err, still)
		}
		if err != errDisabled {
			cfg.Logger.Info("uringnet: io_uring is not used", "reason", err)
		}
	}
	p.apart = rt.HasNetpoll && p.mode == Shared && (p.cfg.Transfer == TransferAuto || p.transfer == TransferDirect)
	p.gathers = p.apart && p.transfer != TransferDirect
	p.describe(found)
	if cfg.IdleTimeout > 0 {
		p.sweep = startSweeper(p, cfg.IdleTimeout)
	}
	return p, nil
}

// errDisabled says that io_uring was switched off.
var errDisabled = errors.New("switched off by configuration")

// findRings asks what the kernel can do and chooses by it.
func (p *Poller) findRings() (found Feature, err error) {
	if p.cfg.Disable.Has(FeatIOUring) || p.cfg.Fallback == FallbackAlways {
		return 0, errDisabled
	}
	if found, err = ring.Probe(); err != nil {
		return 0, explain(err)
	}
	bad, notes := denied(kernelRelease(), p.mode)
	p.status.Notes, p.status.Denied = append(p.status.Notes, notes...), found&bad
	p.feats = found &^ (p.cfg.Disable | bad)
	p.receive = p.chooseReceive()
	p.chooseTransfer()
	if p.feats.Has(FeatSendZC) {
		p.zeroCopy = p.cfg.ZeroCopySend
	}
	return found, nil
}

// without makes the poller one that does without io_uring.
func (p *Poller) without(why error) {
	p.mode, p.feats, p.zeroCopy = Shared, 0, 0
	p.transfer = TransferDirect
	p.status = Status{Reason: why.Error(), Err: why, TransferReason: "without io_uring"}
}

// chooseReceive resolves ReceiveAuto.
func (p *Poller) chooseReceive() Receive {
	multishot := p.feats.Has(FeatMultishotRecv | FeatProvidedBuffers)
	switch {
	case !multishot || p.cfg.Receive == ReceiveSingle:
		return ReceiveSingle
	case p.cfg.Receive == ReceiveMultishot || p.mode == Dedicated:
		// A dedicated thread runs all task work itself, so a receive that
		// stays armed never wakes a thread that Go has parked.
		return ReceiveMultishot
	}
	return ReceiveSingle
}

// make makes the cores.
func (p *Poller) make() (err error) {
	p.outsider = newOutsider()
	defer func() {
		if err != nil {
			p.stop()
			p.cores = nil
			if p.feats.Has(FeatIOUring) {
				err = explain(err)
			}
		}
	}()
	runtime.LockOSThread() // the thread that sets a ring up is asked for its limits
	defer runtime.UnlockOSThread()
	for id := range p.cfg.Rings {
		c := &core{p: p, id: id}
		p.cores = append(p.cores, c)
		if c.loop, err = c.newLoop(); err != nil {
			return err
		}
		if p.mode == Shared {
			if p.cfg.IOWQBounded+p.cfg.IOWQUnbounded > 0 && p.feats.Has(FeatIOUring) {
				if _, err = c.tasks(); err != nil { // what the kernel says of it is asked for
					return err
				}
			}
			continue
		}
		if _, err = c.drive(); err != nil {
			return err
		}
	}
	p.registerTables()
	return nil
}

// Status describes the poller.
func (p *Poller) Status() Status {
	p.statusMu.Lock()
	defer p.statusMu.Unlock()
	s := p.status
	s.Notes = slices.Clone(s.Notes)
	p.describeFixed(&s)
	return s
}

// Counters returns the counters of each core.
func (p *Poller) Counters() []Counters {
	out := make([]Counters, len(p.cores))
	for i, c := range p.cores {
		out[i] = c.stat.snapshot()
	}
	return out
}

// Open makes an FD of a stream socket, which must not block. It owns sysfd from then
// on, unless it returns an error.
func (p *Poller) Open(sysfd int, o FDOptions) (*FD, error) {
	p.opening.RLock() // Close sees this FD, or this sees that it closes
	defer p.opening.RUnlock()
	if p.closing {
		return nil, ErrClosed
	}
	fd := &FD{p: p, sysfd: sysfd, listener: o.Listener}
	fd.sides()
	if p.mode != Shared && (o.Listener && !o.Shared || o.ReadAhead && p.feats.Has(FeatProvidedBuffers)) {
		fd.arm = &armed{}
	}
	fd.touch()
	if !p.fds.Put(fd, &fd.place) {
		return nil, syscall.EMFILE
	}
	fd.enterFile()
	return fd, nil
}

// Close closes every FD, waits until the kernel has let go of them, and
// closes the rings. A second Close does nothing.
func (p *Poller) Close() error {
	p.opening.Lock()
	closed := p.closing
	p.closing = true
	p.opening.Unlock()
	if closed {
		return nil
	}
	if p.sweep != nil {
		p.sweep.stop()
	}
	var open []*FD
	p.fds.Each(func(fd *FD) { open = append(open, fd) })
	p.shutdown(open, ErrClosed)
	p.endTasks()
	for _, c := range p.cores {
		c.forbid()
	}
	p.stop()
	if f := p.fixed.Load(); f != nil {
		f.Close()
	}
	return nil
}

// stop ends the cores.
func (p *Poller) stop() {
	for _, c := range p.cores {
		if c.loop != nil {
			c.stop()
		}
	}
	p.outsider.stop()
}

// InUse says how many buffers are held: by bytes that were received and not read, by
// output that was not sent, or by whoever was lent them.
func (p *Poller) InUse() InUse {
	u := InUse{Elastic: p.elastic.InUse()}
	for _, c := range p.cores {
		if d := c.driven; d != nil && d.Buffers() != nil {
			u.Provided += d.Buffers().InUse()
		}
	}
	if f := p.fixed.Load(); f != nil {
		u.Registered = f.InUse()
	}
	return u
}
