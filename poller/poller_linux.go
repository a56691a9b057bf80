package poller

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/bufpool"
	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/rt"
)

// Poller is a set of rings and the goroutines that drive them.
type Poller struct {
	cfg      Config
	feats    Feature
	receive  Receive // single or multishot
	yields   int     // how often a Read yields before it arms a receive
	zeroCopy int     // length from which sends are zero-copy; 0: none
	rings    []*ring
	files    int // entries of each ring's table of registered files
	slots    slots[FD]
	tasks    slots[task]
	elastic  bufpool.Elastic
	faulted  sync.Map      // userData -> int32: results that an Injector chose
	sweep    *sweeper      // nil without IdleTimeout
	patience time.Duration // rerunAfter, but in tests

	statusMu sync.Mutex
	status   Status // guarded by statusMu once New has returned

	fixedMu sync.Mutex // held while the registered buffers are made
	fixed   atomic.Pointer[fixedPool]

	opening sync.RWMutex
	closing bool           // guarded by opening
	calls   sync.WaitGroup // callers with tasks; none is added once closing is set
}

// New makes a Poller. An error names the system call that failed and wraps
// its errno; cfg may be a zero Config.
func New(cfg Config) (*Poller, error) {
	if err := cfg.Normalize(runtime.GOMAXPROCS(0)); err != nil {
		return nil, err
	}
	found, err := probe()
	if err != nil {
		return nil, explain(err)
	}
	bad, notes := denied(kernelRelease(), cfg.Mode)
	p := &Poller{cfg: cfg, feats: found &^ (cfg.Disable | bad), patience: rerunAfter}
	p.receive = p.chooseReceive()
	if cfg.Mode == Shared && runtime.GOMAXPROCS(0) <= maxYieldCPUs {
		p.yields = maxYields
	}
	if p.feats.Has(FeatSendZC) {
		p.zeroCopy = cfg.ZeroCopySend
	}
	if err := p.makeRings(); err != nil {
		p.closeRings()
		return nil, explain(err)
	}
	err = p.registerTables()
	p.describe(found)
	p.status.Notes = append(p.status.Notes, notes...)
	if err != nil {
		p.status.Notes = append(p.status.Notes, err.Error())
	}
	if cfg.IdleTimeout > 0 {
		p.sweep = startSweeper(p, cfg.IdleTimeout)
	}
	return p, nil
}

// chooseReceive resolves ReceiveAuto.
func (p *Poller) chooseReceive() Receive {
	multishot := p.feats.Has(FeatMultishotRecv | FeatProvidedBuffers)
	switch {
	case !multishot || p.cfg.Receive == ReceiveSingle:
		return ReceiveSingle
	case p.cfg.Receive == ReceiveMultishot || p.cfg.Mode == Dedicated:
		// A dedicated thread runs all task work itself, so a receive that
		// stays armed never wakes a thread that Go has parked.
		return ReceiveMultishot
	}
	return ReceiveSingle
}

func (p *Poller) makeRings() error {
	runtime.LockOSThread() // the thread that sets a ring up is asked for its limits
	defer runtime.UnlockOSThread()
	for i := range p.cfg.Rings {
		r, err := p.makeRing(i)
		if err != nil {
			return err
		}
		p.rings = append(p.rings, r)
	}
	return nil
}

func (p *Poller) makeRing(id int) (*ring, error) {
	flags, cpu := setupFlags(&p.cfg, p.feats, id)
	r, err := setupRing(&p.cfg, flags, cpu)
	if err != nil {
		return nil, err
	}
	r.p, r.id = p, id
	if err := p.limitWorkers(r); err != nil {
		r.release()
		return nil, err
	}
	if p.feats.Has(FeatProvidedBuffers) {
		if err := r.provideBuffers(p.cfg.BufferSize, p.cfg.BufferCount); err != nil {
			r.release()
			return nil, err
		}
	}
	switch p.cfg.Mode {
	case Dedicated:
		r.drv = newDedicated(r, p.feats)
	case SQPoll:
		r.drv = newSQPoll(r)
	default:
		r.drv = newShared(r, p.feats)
	}
	if err := r.drv.start(); err != nil {
		r.release()
		return nil, err
	}
	return r, nil
}

// describe fills in the status.
func (p *Poller) describe(found Feature) {
	s := Status{
		IOWQ: p.status.IOWQ, Mode: p.cfg.Mode, Rings: len(p.rings), Features: p.feats,
		Missing: AllFeatures &^ found, Disabled: found & p.cfg.Disable,
		Receive: p.receive, Buffers: "none", Kernel: kernelRelease(),
		SQEntries: p.cfg.SQEntries, CQEntries: p.cfg.CQEntries, FixedFiles: p.files,
	}
	for _, r := range p.rings {
		s.SQEntries = min(s.SQEntries, int(r.params.SQEntries))
		s.CQEntries = min(s.CQEntries, int(r.params.CQEntries))
		if r.bufs != nil {
			s.Buffers, s.BufferSize, s.BufferCount = r.bufs.Backing(), r.bufs.Size(), r.bufs.Count()
		}
	}
	if s.SQEntries < p.cfg.SQEntries {
		s.Notes = append(s.Notes, fmt.Sprintf("memory was short: rings of %d entries in place of %d", s.SQEntries, p.cfg.SQEntries))
	}
	if r := p.rings[0]; r.bufs != nil && s.BufferCount < p.cfg.BufferCount {
		s.Notes = append(s.Notes, fmt.Sprintf("memory was short: %d buffers in place of %d", s.BufferCount, p.cfg.BufferCount))
	}
	p.status = s
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

// note adds something worth knowing to the status.
func (p *Poller) note(text string) {
	p.statusMu.Lock()
	defer p.statusMu.Unlock()
	p.status.Notes = append(p.status.Notes, text)
}

// Counters returns the counters of each ring.
func (p *Poller) Counters() []Counters {
	out := make([]Counters, len(p.rings))
	for i, r := range p.rings {
		out[i] = r.stat.snapshot()
	}
	return out
}

// Leaks returns an error if buffers are held although no connection is open
// that could hold them. It is for tests.
func (p *Poller) Leaks() error {
	for _, r := range p.rings {
		if r.bufs != nil && r.bufs.InUse() != 0 {
			return fmt.Errorf("poller: %d provided buffers of ring %d were not released", r.bufs.InUse(), r.id)
		}
	}
	if f := p.fixed.Load(); f != nil && f.InUse() != 0 {
		return fmt.Errorf("poller: %d registered buffers were not put back", f.InUse())
	}
	if n := p.elastic.InUse(); n != 0 {
		return fmt.Errorf("poller: %d elastic buffers were not put back", n)
	}
	return nil
}

// current returns the ring of the P that the caller runs on. That may change
// at once: whoever pushes to a ring has to kick that one.
func (p *Poller) current() *ring {
	if len(p.rings) == 1 {
		return p.rings[0]
	}
	if pick, ok := p.cfg.Faults.(RingPicker); ok {
		return p.rings[pick.Ring(len(p.rings))]
	}
	return p.rings[rt.P()%len(p.rings)]
}

// settle returns when the kernel has let go of the files of all requests whose
// completions were seen: it drops them with uring_lock held, right after it
// posts the completion (__io_submit_flush_completions, io_uring/io_uring.c),
// and io_uring_register takes that lock too. A listener's address is free for
// the next one only then. The call itself is refused, on purpose.
func (p *Poller) settle() {
	for _, r := range p.rings {
		r.sqMu.Lock() // not enterMu, with which a dedicated thread sleeps
		if !r.gone {
			_ = abi.EnableRings(r.fd)
		}
		r.sqMu.Unlock()
	}
}

// Open makes an FD of a stream socket. It owns sysfd from then on, unless it
// returns an error.
func (p *Poller) Open(sysfd int, o FDOptions) (*FD, error) {
	p.opening.RLock() // Close sees this FD, or this sees that it closes
	defer p.opening.RUnlock()
	if p.closing {
		return nil, ErrClosed
	}
	fd := &FD{p: p, sysfd: sysfd, ahead: o.ReadAhead, listener: o.Listener}
	fd.touch()
	fd.rx.poll = o.Shared || !o.Listener && !p.feats.Has(FeatProvidedBuffers)
	if !p.slots.put(fd, &fd.place) {
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
	p.slots.each(func(fd *FD) { fd.shutdown(ErrClosed) })
	p.endTasks()
	p.closeRings()
	return nil
}

func (p *Poller) closeRings() {
	for _, r := range p.rings {
		r.drv.stop()
	}
	for _, r := range p.rings {
		r.runEvents() // the last calls of Closed
		r.release()
	}
	if f := p.fixed.Load(); f != nil {
		f.Close() // what is out keeps the memory until Put
	}
}
