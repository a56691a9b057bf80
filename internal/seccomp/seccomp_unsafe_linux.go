package seccomp

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The io_uring system calls; their numbers are the same on every machine.
const (
	Setup    = unix.SYS_IO_URING_SETUP
	Enter    = unix.SYS_IO_URING_ENTER
	Register = unix.SYS_IO_URING_REGISTER
)

// auditArch is what struct seccomp_data says of a native call.
var auditArch = map[string]uint32{
	"amd64": unix.AUDIT_ARCH_X86_64,
	"arm64": unix.AUDIT_ARCH_AARCH64,
}

// Offsets in struct seccomp_data, include/uapi/linux/seccomp.h.
const (
	offNr   = 0
	offArch = 4
)

// Block makes every thread of the process find that the calls fail with errno,
// from now on and in its children too.
func Block(errno syscall.Errno, calls ...uint32) error {
	arch, ok := auditArch[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("seccomp: unknown machine %s", runtime.GOARCH)
	}
	return install(filter(arch, errno, calls))
}

// filter is the program: calls of another architecture and other calls pass.
func filter(arch uint32, errno syscall.Errno, calls []uint32) []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		ret   = unix.BPF_RET | unix.BPF_K
	)
	n := uint8(len(calls))
	prog := []unix.SockFilter{
		{Code: load, K: offArch},
		{Code: equal, K: arch, Jf: n + 1},
		{Code: load, K: offNr},
	}
	for i, nr := range calls {
		// A match jumps over the calls still to come and the allowance.
		prog = append(prog, unix.SockFilter{Code: equal, K: nr, Jt: n - uint8(i)})
	}
	return append(prog,
		unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(errno)&unix.SECCOMP_RET_DATA})
}

// install gives the filter to all threads at once.
func install(prog []unix.SockFilter) error {
	if len(prog) == 0 || len(prog) > 4096 {
		return errors.New("seccomp: bad program")
	}
	runtime.LockOSThread() // both calls on one thread
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("seccomp: PR_SET_NO_NEW_PRIVS: %w", err)
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	tid, _, errno := syscall.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(prog)
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	if tid != 0 {
		return fmt.Errorf("seccomp: thread %d did not take the filter", tid)
	}
	return nil
}
