package poller

import (
	"fmt"
)

// describe fills in the status.
func (p *Poller) describe(found Feature) {
	s := &p.status
	s.Mode, s.Rings, s.Features, s.Kernel = p.mode, len(p.cores), p.feats, kernelRelease()
	s.Transfer, s.Buffers, s.BufferSize = p.transfer, "none", p.cfg.BufferSize
	s.IOUring = p.feats.Has(FeatIOUring)
	if !s.IOUring {
		s.Disabled = p.cfg.Disable
		return
	}
	s.Missing, s.Disabled = AllFeatures&^found, found&p.cfg.Disable
	s.Receive, s.FixedFiles = p.receive, p.files
	s.SQEntries, s.CQEntries = p.cfg.SQEntries, p.cfg.CQEntries
	for _, c := range p.cores {
		r := c.loop.ring
		if d := c.driven; d != nil {
			r = d.Ring
			s.NoIOWait = p.mode == Dedicated && r.NoIOWait()
			if b := r.Buffers(); b != nil {
				s.Buffers, s.BufferSize, s.BufferCount = b.Backing(), b.Size(), b.Count()
			}
		}
		if r == nil {
			continue // system calls alone: a ring is made for the first file
		}
		sq, cq := r.Entries()
		s.SQEntries, s.CQEntries = min(max(s.SQEntries, 2), sq), min(max(s.CQEntries, 2), cq)
	}
	if s.SQEntries < p.cfg.SQEntries {
		s.Notes = append(s.Notes, fmt.Sprintf("memory was short: rings of %d entries in place of %d", s.SQEntries, p.cfg.SQEntries))
	}
	if s.BufferCount > 0 && s.BufferCount < p.cfg.BufferCount {
		s.Notes = append(s.Notes, fmt.Sprintf("memory was short: %d buffers in place of %d", s.BufferCount, p.cfg.BufferCount))
	}
}
