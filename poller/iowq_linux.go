package poller

import (
	"fmt"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// The kernel's own workers (io-wq) run requests that would block: opening,
// writing and syncing files. Each thread that submits has its own.

// limitWorkers sets the limits of the ring and reads them back: the kernel
// gives them to each thread that submits to it, sooner or later
// (io_register_iowq_max_workers, io_uring/register.c).
func (p *Poller) limitWorkers(r *ring) error {
	bounded, unbounded := p.cfg.IOWQBounded, p.cfg.IOWQUnbounded
	if bounded == 0 && unbounded == 0 {
		return nil
	}
	if _, err := abi.MaxWorkers(r.fd, uint32(bounded), uint32(unbounded)); err != nil {
		return fmt.Errorf("Config.IOWQBounded, IOWQUnbounded (IORING_REGISTER_IOWQ_MAX_WORKERS, kernel 5.15): %w", unwrapErrno(err))
	}
	now, err := abi.MaxWorkers(r.fd, 0, 0)
	if err != nil {
		return fmt.Errorf("io-wq limits: %w", unwrapErrno(err))
	}
	p.status.IOWQ = [2]int{int(now[0]), int(now[1])}
	return nil
}

// confine binds the workers of the calling thread, or of the ring's kernel
// thread.
func (r *ring) confine() error {
	cpus := r.p.cfg.IOWQCPUs
	if len(cpus) == 0 {
		return nil
	}
	if err := abi.WorkerCPUs(r.fd, cpus); err != nil {
		return fmt.Errorf("Config.IOWQCPUs %v (IORING_REGISTER_IOWQ_AFF, kernel 5.14): %w", cpus, unwrapErrno(err))
	}
	return nil
}

// confine is the ring's, once the thread has submitted something: only then it
// has workers to confine.
func (d *dedicated) confine() error {
	if len(d.r.p.cfg.IOWQCPUs) == 0 {
		return nil
	}
	if errno := d.r.submit(true); errno != 0 {
		return fmt.Errorf("io_uring_enter: %w", errno)
	}
	return d.r.confine()
}
