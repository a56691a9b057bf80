package poller

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
)

// setupFlags returns the io_uring_setup flags of ring id and the CPU of its
// kernel thread.
func setupFlags(cfg *Config, mode Mode, feats Feature, id int) (flags uint32, cpu int) {
	switch mode {
	case SQPoll:
		flags |= abi.SetupSQPoll
		if n := len(cfg.SQPollCPUs); n > 0 {
			flags |= abi.SetupSQAff
			return flags, cfg.SQPollCPUs[id%n]
		}
		return flags, 0
	case Dedicated:
		if feats.Has(FeatSingleIssuer) {
			// Disabled until its thread enables it and so becomes the issuer.
			flags |= abi.SetupSingleIssuer | abi.SetupRDisabled
			if feats.Has(FeatDeferTaskrun) {
				return flags | abi.SetupDeferTaskrun | abi.SetupSubmitAll, 0
			}
		}
	}
	if feats.Has(FeatCoopTaskrun) {
		flags |= coopFlags
	}
	return flags, 0
}

// coopFlags are those of a ring whose task work runs without interrupts (5.19).
const coopFlags = abi.SetupCoopTaskrun | abi.SetupTaskrunFlag | abi.SetupSubmitAll

// ringOptions are those of every ring.
func (p *Poller) ringOptions(st *counters, flags uint32) ring.Options {
	if p.feats.Has(FeatCoopTaskrun) && flags == 0 {
		flags = coopFlags
	}
	return ring.Options{SQEntries: p.cfg.SQEntries, CQEntries: p.cfg.CQEntries, Flags: flags, Seam: p.seam, Stats: &st.ring}
}

// outfit gives a driven ring what the configuration asks for.
func (p *Poller) outfit(d *driven) error {
	if err := p.limitWorkers(d.Ring); err != nil {
		return err
	}
	if p.mode != Shared && p.feats.Has(FeatProvidedBuffers) {
		if err := d.ProvideBuffers(p.cfg.BufferSize, p.cfg.BufferCount); err != nil {
			return err
		}
	}
	if f := p.fixed.Load(); f != nil && f.registered {
		return d.RegisterBuffer(f.Bytes())
	}
	return nil
}

// limitWorkers sets the limits of the ring's io-wq workers, which run requests that
// would block: each thread that submits has its own.
func (p *Poller) limitWorkers(r *ring.Ring) error {
	if p.cfg.IOWQBounded == 0 && p.cfg.IOWQUnbounded == 0 {
		return nil
	}
	now, err := r.LimitWorkers(p.cfg.IOWQBounded, p.cfg.IOWQUnbounded)
	if err != nil {
		return fmt.Errorf("Config.IOWQBounded, IOWQUnbounded (IORING_REGISTER_IOWQ_MAX_WORKERS, kernel 5.15): %w", err)
	}
	p.statusMu.Lock()
	p.status.IOWQ = now
	p.statusMu.Unlock()
	return nil
}

// note adds something worth knowing to the status.
func (p *Poller) note(text string) {
	p.statusMu.Lock()
	defer p.statusMu.Unlock()
	p.status.Notes = append(p.status.Notes, text)
}

// explain adds to an error of set-up what is likely behind it.
func explain(err error) error {
	var hint string
	switch {
	case errors.As(err, new(*SetupError)):
		return err
	case errors.Is(err, syscall.ENOSYS):
		hint = "the kernel has no io_uring (it needs 5.19 to be of use), or a seccomp filter hides it"
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		hint = "a seccomp filter blocks io_uring (container runtimes' default profiles do)"
		if v := sysctl("kernel/io_uring_disabled"); v == "1" || v == "2" {
			hint = "sysctl kernel.io_uring_disabled=" + v
		}
	case errors.Is(err, syscall.ENOMEM):
		hint = "not enough memory, or RLIMIT_MEMLOCK is too low for the rings of a process without CAP_IPC_LOCK"
	case errors.Is(err, syscall.EMFILE):
		hint = "RLIMIT_NOFILE is too low"
	default:
		return &SetupError{Err: err, Kernel: kernelRelease()}
	}
	return &SetupError{Err: err, Hint: hint, Kernel: kernelRelease()}
}

func sysctl(name string) string {
	b, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// kernelRelease returns the running kernel's release, as uname -r prints it.
func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}
