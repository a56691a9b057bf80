package seccomp

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Kill makes the kernel end the process with SIGSYS if any of its threads, or
// its children, make one of the calls from now on.
func Kill(calls ...uint32) error {
	arch, ok := auditArch[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("seccomp: unknown machine %s", runtime.GOARCH)
	}
	prog := filter(arch, 0, calls)
	prog[len(prog)-1].K = unix.SECCOMP_RET_KILL_PROCESS // in place of the errno
	return install(prog)
}
