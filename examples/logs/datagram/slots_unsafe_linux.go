package datagram

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// controlSize is how much ancillary data has room: the number of drops, and what a
// socket may bring that somebody else has made.
const controlSize = 256

// slots are what recvmmsg fills, one for each datagram. They are not moved: their
// headers point at each other's slices, which are on the heap.
type slots struct {
	headers []unix.Mmsghdr
	vectors []unix.Iovec
	names   []sockaddr
	control [][controlSize]byte
	buffers [][]byte
}

func newSlots(count, size int) *slots {
	s := &slots{
		headers: make([]unix.Mmsghdr, count),
		vectors: make([]unix.Iovec, count),
		names:   make([]sockaddr, count),
		control: make([][controlSize]byte, count),
		buffers: make([][]byte, count),
	}
	for i := range count {
		s.buffers[i] = make([]byte, size)
		s.vectors[i].Base = &s.buffers[i][0]
		s.vectors[i].SetLen(size)
		h := &s.headers[i].Hdr
		h.Iov = &s.vectors[i]
		h.SetIovlen(1)
		h.Name = &s.names[i][0]
		h.Control = &s.control[i][0]
	}
	return s
}

// receive takes what is there, without waiting.
func (s *slots) receive(fd uintptr) (int, error) {
	for i := range s.headers {
		h := &s.headers[i].Hdr
		h.Namelen = uint32(len(s.names[i]))
		h.SetControllen(controlSize)
		h.Flags = 0
	}
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&s.headers[0])), uintptr(len(s.headers)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// message returns datagram i.
func (s *slots) message(i int) Message {
	h := &s.headers[i]
	n := min(int(h.Len), len(s.buffers[i]))
	return Message{
		Data: s.buffers[i][:n:n],
		From: s.names[i].addrPort(h.Hdr.Namelen),
		Cut:  h.Hdr.Flags&unix.MSG_TRUNC != 0,
	}
}

// dropped returns how many datagrams the kernel had dropped when it queued datagram
// i; false if it does not say, as long as it has dropped none.
func (s *slots) dropped(i int) (uint32, bool) {
	b := s.control[i][:min(uint64(s.headers[i].Hdr.Controllen), controlSize)]
	for len(b) >= unix.SizeofCmsghdr {
		h := *(*unix.Cmsghdr)(unsafe.Pointer(&b[0])) // aligned: each begins at a multiple of its size
		n := uint64(h.Len)
		if n < unix.SizeofCmsghdr || n > uint64(len(b)) {
			break
		}
		data := b[unix.CmsgLen(0):n]
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SO_RXQ_OVFL && len(data) >= 4 {
			return *(*uint32)(unsafe.Pointer(&data[0])), true
		}
		b = b[min(unix.CmsgSpace(len(data)), len(b)):]
	}
	return 0, false
}

// memInfoDrops is the place of the number of drops in what SO_MEMINFO returns.
const memInfoDrops = 8

// socketDrops asks for the number of drops (Linux 4.12).
func socketDrops(fd uintptr) (uint32, bool) {
	var info [16]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size <= 4*memInfoDrops {
		return 0, false
	}
	return info[memInfoDrops], true
}
