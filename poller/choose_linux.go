package poller

import (
	"fmt"
	"time"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/rt"
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
	p.callCost, p.status.SyscallCost = cost, cost
	if cost < dearSyscall {
		p.transfer = TransferBatch
		p.status.TransferReason = fmt.Sprintf("a system call costs %d ns, less than %d ns; direct while few are ready at a time", cost.Nanoseconds(), dearSyscall.Nanoseconds())
	} else {
		p.transfer = TransferRing
		p.status.TransferReason = fmt.Sprintf("a system call costs %d ns, %d ns or more; direct while few are ready at a time", cost.Nanoseconds(), dearSyscall.Nanoseconds())
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
			_, _ = abi.Recv(-1, nil, false)
		}
		best = min(best, time.Duration(rt.Nanotime()-begin)/costCalls)
	}
	return best
}
