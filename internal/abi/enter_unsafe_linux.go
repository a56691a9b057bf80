package abi

import (
	"syscall"
	"unsafe"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"
)

// Enter is io_uring_enter for a call that does not wait. It is a raw system
// call: it holds the P while it runs and allocates nothing.
func Enter(fd int, toSubmit, flags uint32) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(iouring.SYS_IO_URING_ENTER, uintptr(fd), uintptr(toSubmit), 0, uintptr(flags), 0, 0)
	return int(n), errno
}

// EnterWait is io_uring_enter for a call that may wait for minComplete
// completions. The scheduler is told, so that other goroutines go on.
func EnterWait(fd int, toSubmit, minComplete, flags uint32) (int, syscall.Errno) {
	n, _, errno := syscall.Syscall6(iouring.SYS_IO_URING_ENTER, uintptr(fd), uintptr(toSubmit), uintptr(minComplete), uintptr(flags), 0, 0)
	return int(n), errno
}

// EnterArg is EnterWait with a timeout or a minimum wait (5.11). arg may point
// to ts, which has to stay where it is during the call.
func EnterArg(fd int, toSubmit, minComplete, flags uint32, minWaitUsec uint32, ts *KernelTimespec) (int, syscall.Errno) {
	arg := GeteventsArg{MinWaitUsec: minWaitUsec}
	if ts != nil {
		arg.Timespec = uint64(uintptr(unsafe.Pointer(ts)))
	}
	n, _, errno := syscall.Syscall6(iouring.SYS_IO_URING_ENTER, uintptr(fd), uintptr(toSubmit), uintptr(minComplete),
		uintptr(flags|EnterExtArg), uintptr(unsafe.Pointer(&arg)), unsafe.Sizeof(arg))
	return int(n), errno
}

// RegisterBufRing registers a provided-buffer ring (5.19) whose entries start
// at addr.
func RegisterBufRing(fd int, addr uintptr, entries uint32, group uint16) error {
	reg := BufReg{RingAddr: uint64(addr), RingEntries: entries, Bgid: group}
	return iouring.IOURingRegister(fd, RegisterPbufRing, unsafe.Pointer(&reg), 1)
}

// RegisterFileTable registers a table of n files, all empty (5.5).
func RegisterFileTable(fd, n int) error {
	table := make([]int32, n)
	for i := range table {
		table[i] = -1
	}
	return iouring.IOURingRegister(fd, iouring.IORING_REGISTER_FILES, unsafe.Pointer(&table[0]), uint32(n))
}

// UpdateFile sets an entry of the table of registered files; -1 empties it.
func UpdateFile(fd int, index uint32, file int32) error {
	up := iouring.IOURingFilesUpdate{Offset: index, Fds: &file}
	return iouring.IOURingRegister(fd, iouring.IORING_REGISTER_FILES_UPDATE, unsafe.Pointer(&up), 1)
}

// EnableRings enables a ring that was set up with IORING_SETUP_R_DISABLED; the
// calling thread becomes its single issuer.
func EnableRings(fd int) error {
	return iouring.IOURingRegister(fd, iouring.IORING_REGISTER_ENABLE_RINGS, nil, 0)
}

// rawBytes is up to how many bytes a receive or send is a raw system call, which
// holds the P while the kernel copies.
const rawBytes = 64 << 10

// Recv is recv(2) that does not wait. With handOff the runtime may give the P to another
// thread meanwhile, as in package syscall.
func Recv(fd int, b []byte, handOff bool) (int, syscall.Errno) {
	if handOff || len(b) > rawBytes {
		n, _, errno := syscall.Syscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			syscall.MSG_DONTWAIT, 0, 0)
		return int(n), errno
	}
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		syscall.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

// Send is send(2) that does not wait and raises no SIGPIPE; handOff is as Recv's.
func Send(fd int, b []byte, handOff bool) (int, syscall.Errno) {
	if handOff || len(b) > rawBytes {
		n, _, errno := syscall.Syscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
		return int(n), errno
	}
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// Sendmsg is sendmsg(2) that does not wait and raises no SIGPIPE.
func Sendmsg(fd int, msg *unix.Msghdr) (int, syscall.Errno) {
	n, _, errno := syscall.Syscall(syscall.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(msg)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
	return int(n), errno
}

// Accept is accept4(2) on a socket that does not wait. The peer's address is not
// asked for.
func Accept(fd, flags int) (int, syscall.Errno) {
	n, _, errno := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, uintptr(flags), 0, 0)
	return int(n), errno
}

// EpollWait is epoll_pwait(2) that does not wait.
func EpollWait(epfd int, events []unix.EpollEvent) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	return int(n), errno
}

// Disconnect is connect(2) to AF_UNSPEC: a TCP connection is reset, and what
// waits to be sent is dropped (tcp_disconnect, net/ipv4/tcp.c).
func Disconnect(fd int) error {
	sa := syscall.RawSockaddr{Family: syscall.AF_UNSPEC}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&sa)), unsafe.Sizeof(sa)); errno != 0 {
		return errno
	}
	return nil
}
