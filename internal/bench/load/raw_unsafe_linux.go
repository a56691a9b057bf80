package load

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of the loop go to the kernel directly, past the runtime's
// scheduler: the loop has its thread to itself, and no call blocks but
// epoll_wait, which has a time limit.

func rawRead(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

// rawWrite sends without SIGPIPE.
func rawWrite(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// rawEpollWait returns 0 events with an error.
func rawEpollWait(epfd int, events []unix.EpollEvent, millis int) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(millis), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// rawEpollWaitFor is rawEpollWait with a finer clock.
func rawEpollWaitFor(epfd int, events []unix.EpollEvent, d time.Duration) (int, unix.Errno) {
	limit := unix.NsecToTimespec(int64(d))
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(unsafe.Pointer(&limit)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
