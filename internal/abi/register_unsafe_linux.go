package abi

import (
	"unsafe"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"
)

// RegisterBuffers registers b as the ring's only buffer, number 0.
func RegisterBuffers(fd int, b []byte) error {
	iov := unix.Iovec{Base: unsafe.SliceData(b)}
	iov.SetLen(len(b))
	return iouring.IOURingRegister(fd, iouring.IORING_REGISTER_BUFFERS, unsafe.Pointer(&iov), 1)
}

// UnregisterBufferTable undoes RegisterBuffers.
func UnregisterBufferTable(fd int) error {
	return iouring.IOURingRegister(fd, UnregisterBuffers, nil, 0)
}

// MaxWorkers sets how many bounded and unbounded io-wq workers each thread that
// submits to the ring may have (5.15), and returns what it was; 0 changes
// nothing.
func MaxWorkers(fd int, bounded, unbounded uint32) (was [2]uint32, err error) {
	was = [2]uint32{bounded, unbounded}
	err = iouring.IOURingRegister(fd, RegisterIOWQMaxWorkers, unsafe.Pointer(&was), 2)
	return was, err
}

// WorkerCPUs sets the CPUs that the io-wq workers of the calling thread, or of
// the ring's kernel thread with SQPOLL, may run on (5.14). The last argument of the
// system call is the length of the mask in bytes.
func WorkerCPUs(fd int, cpus []int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	return iouring.IOURingRegister(fd, RegisterIOWQAff, unsafe.Pointer(&set), uint32(unsafe.Sizeof(set)))
}
