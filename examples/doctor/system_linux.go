package main

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/bench/dear"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// askSystem asks Linux.
func askSystem(s *System) {
	host := measure.ThisHost()
	s.CPUModel = host.CPUModel
	var u unix.Utsname
	if err := unix.Uname(&u); err == nil {
		s.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	s.Memlock, s.NoFile = limit(unix.RLIMIT_MEMLOCK), limit(unix.RLIMIT_NOFILE)
	readProc(s, os.DirFS("/"))
}

// limit asks for a resource limit.
func limit(resource int) Limit {
	var r unix.Rlimit
	if err := unix.Getrlimit(resource, &r); err != nil {
		return Limit{}
	}
	known := func(v uint64) int64 {
		if v == unix.RLIM_INFINITY {
			return -1
		}
		return int64(v)
	}
	return Limit{Soft: known(r.Cur), Hard: known(r.Max)}
}

// syscallCost measures what system calls cost.
func syscallCost() SyscallCost {
	c := dear.Measure()
	return SyscallCost{GetppidNs: c.Getppid.Nanoseconds(), RecvfromNs: c.Recvfrom.Nanoseconds()}
}

// signalled is whether a child was killed by SIGSYS.
func signalled(exit *exec.ExitError) bool {
	ws, ok := exit.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled() && ws.Signal() == unix.SIGSYS
}
