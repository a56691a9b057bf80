package seccomp

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Kill makes the kernel end the process with SIGSYS if any of its threads, or
// its children, make one of the calls from now on.
func Kill(calls ...uint32) error { return instead(unix.SECCOMP_RET_KILL_PROCESS, calls) }

// Trap makes the kernel send SIGSYS to a thread, of the process or of its children,
// that makes one of the calls from now on. Go's runtime does not survive it either.
func Trap(calls ...uint32) error { return instead(unix.SECCOMP_RET_TRAP, calls) }

// instead does something else than to fail the calls.
func instead(action uint32, calls []uint32) error {
	arch, ok := auditArch[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("seccomp: unknown machine %s", runtime.GOARCH)
	}
	prog := filter(arch, 0, calls)
	prog[len(prog)-1].K = action // in place of the errno
	return install(prog)
}
