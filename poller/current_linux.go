package poller

import (
	"syscall"

	"github.com/uringnet/go-uringnet/internal/drive"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/rt"
	"github.com/uringnet/go-uringnet/internal/seam"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// current returns the core of the P that the caller runs on. That may change
// at once: whoever pushes to a ring has to kick that one.
func (p *Poller) current() *core {
	if len(p.cores) == 1 {
		return p.cores[0]
	}
	if pick, ok := p.seam.(seam.RingPicker); ok {
		return p.cores[pick.Ring(len(p.cores))]
	}
	return p.cores[rt.P()%len(p.cores)]
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

// kick submits, on the caller's goroutine if need be. It may be called on nil.
func (d *driven) kick() {
	if d != nil {
		d.drv.Kick(drive.Now)
	}
}

// sendRing implements sender.
func (d *driven) sendRing() *ring.Ring { return d.Ring }

const driveLater = drive.Later

// settle returns when the kernel has let go of the files of all requests whose
// completions were seen: a listener's address is free for the next one only then.
func (p *Poller) settle() {
	for _, c := range p.cores {
		if c.driven != nil {
			c.driven.Settle()
		}
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
