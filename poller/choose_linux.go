package poller

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/rt"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// What is found out when a poller is made, and chosen by it.

// chooseTransfer resolves TransferAuto.
func (p *Poller) chooseTransfer() {
	if p.transfer = p.cfg.Transfer; p.transfer != TransferAuto {
		p.status.TransferReason = "by configuration"
		return
	}
	if p.mode != Shared {
		p.transfer = TransferDirect // of what is waited for by readiness
		return
	}
	cost := syscallCost()
	p.status.SyscallCost = cost
	if cost < dearSyscall {
		p.transfer = TransferBatch
		p.status.TransferReason = fmt.Sprintf("a system call costs %d ns, less than %d ns", cost.Nanoseconds(), dearSyscall.Nanoseconds())
	} else {
		p.transfer = TransferRing
		p.status.TransferReason = fmt.Sprintf("a system call costs %d ns, %d ns or more", cost.Nanoseconds(), dearSyscall.Nanoseconds())
	}
}

// How syscallCost measures: the fastest of several rounds, as anything else can only
// slow one down.
const (
	costRounds = 10
	costCalls  = 100
)

// syscallCost measures what the entry into the kernel costs here, with the seccomp
// filter and the mitigations that there are: by receives from no socket at all.
func syscallCost() time.Duration {
	best := time.Duration(1<<63 - 1)
	for range costRounds {
		begin := rt.Nanotime()
		for range costCalls {
			_, _ = abi.Recv(-1, nil, 0)
		}
		best = min(best, time.Duration(rt.Nanotime()-begin)/costCalls)
	}
	return best
}

// recv is recv(2), or what the seam for tests wants. full reports that b was filled.
func (p *Poller) recv(sysfd int, b []byte) (n int, full bool, errno syscall.Errno) {
	if p.seam != nil {
		if b, errno = p.injectCall(slots.OpRecv, b); errno != 0 {
			return 0, false, errno
		}
	}
	n, errno = abi.Recv(sysfd, b, 0)
	return n, n == len(b), errno
}

// send is send(2), or what the seam for tests wants.
func (p *Poller) send(sysfd int, b []byte) (int, syscall.Errno) {
	if p.seam != nil {
		var errno syscall.Errno
		if b, errno = p.injectCall(slots.OpSend, b); errno != 0 {
			return 0, errno
		}
	}
	return abi.Send(sysfd, b[:min(len(b), maxSend)], 0)
}

func (p *Poller) injectCall(op slots.Op, b []byte) ([]byte, syscall.Errno) {
	v := p.seam.Call(op, len(b))
	if v.MaxLen != 0 {
		b = b[:min(len(b), int(v.MaxLen))]
	}
	return b, v.Errno
}

// coopFlags are those of a ring whose task work runs without interrupts (5.19).
const coopFlags = abi.SetupCoopTaskrun | abi.SetupTaskrunFlag | abi.SetupSubmitAll

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

// kernelRelease returns the running kernel's release, as uname -r prints it.
func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
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
