package poller

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/uringnet/go-uringnet/bufpool"
	"github.com/uringnet/go-uringnet/internal/ring"
)

// fixedIndex is the number under which each ring has the registered buffers:
// all of them are one piece of memory.
const fixedIndex = 0

// FixedBuffers returns the pool of registered buffers, which its first call
// makes: Config.FixedBuffers of Config.FixedBufferSize bytes. Where memory is
// short or RLIMIT_MEMLOCK low there are fewer, and where nothing can be
// registered they are ordinary memory; Status says so. The buffers belong to
// whoever gets them until Put, at the latest when the poller is closed.
func (p *Poller) FixedBuffers() (*bufpool.Fixed, error) {
	if err := p.calls.enter(); err != nil {
		return nil, err
	}
	defer p.calls.leave()
	p.fixedMu.Lock()
	defer p.fixedMu.Unlock()
	if f := p.fixed.Load(); f != nil {
		return f.Fixed, nil
	}
	var f *fixedPool
	var err error
	p.outside(func() { f, err = p.makeFixed() })
	if err != nil {
		return nil, err
	}
	p.fixed.Store(f)
	return f.Fixed, nil
}

// makeFixed maps and registers the pool, smaller if it has to be.
func (p *Poller) makeFixed() (*fixedPool, error) {
	var refused error
	for count := p.cfg.FixedBuffers; count > 0; count /= 2 {
		pool, err := bufpool.NewFixed(p.cfg.FixedBufferSize, count, p.pages())
		if err != nil {
			refused = err
			continue
		}
		if refused = p.register(pool); refused == nil {
			return &fixedPool{pool, true}, nil
		}
		pool.Close()
		if !errors.Is(refused, syscall.ENOMEM) {
			break
		}
	}
	pool, err := bufpool.NewFixed(p.cfg.FixedBufferSize, p.cfg.FixedBuffers, p.pages())
	if err != nil {
		return nil, err
	}
	p.note(fmt.Sprintf("buffers are not registered: %v", refused))
	return &fixedPool{pool, false}, nil
}

// pages are those that the registered buffers may lie in.
func (p *Poller) pages() bufpool.Pages {
	if p.cfg.HugePages {
		return bufpool.ReservedPages
	}
	return bufpool.AnyPages
}

// register registers the pool's memory with every driven ring that there is, or with
// none. (One that is made later registers it as it is made.)
func (p *Poller) register(pool *bufpool.Fixed) error {
	for i, c := range p.cores {
		d, err := c.tasks()
		if err == nil {
			err = ErrClosed
			d.drv.OnThread(func() { err = d.RegisterBuffer(pool.Bytes()) })
		}
		if err == nil {
			continue
		}
		for _, done := range p.cores[:i] {
			if d := done.drivenNow(); d != nil {
				d.drv.OnThread(d.UnregisterBuffer)
			}
		}
		return ring.Errno(err)
	}
	return nil
}

// registered reports whether b lies in registered buffers.
func (p *Poller) registered(b []byte) bool {
	f := p.fixed.Load()
	return f != nil && f.registered && f.Contains(b)
}

// describeFixed fills in the status.
func (p *Poller) describeFixed(s *Status) {
	f := p.fixed.Load()
	if f == nil {
		return
	}
	s.FixedBuffers, s.FixedBufferSize, s.FixedBacking = f.Count(), f.Size(), f.Backing()
	s.FixedRegistered = f.registered
	if f.Count() < p.cfg.FixedBuffers {
		s.Notes = append(s.Notes, fmt.Sprintf("memory was short: %d registered buffers in place of %d", f.Count(), p.cfg.FixedBuffers))
	}
}
