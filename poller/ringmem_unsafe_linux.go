package poller

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// ringMem is the memory that a ring shares with the kernel.
type ringMem struct {
	sqRing, cqRing, sqeMem []byte // the mappings; cqRing is sqRing with FEAT_SINGLE_MMAP

	sqHead  *atomic.Uint32 // written by the kernel
	sqTail  *atomic.Uint32 // written by us
	sqFlags *atomic.Uint32 // written by the kernel
	sqMask  uint32
	sqSize  uint32
	sqes    []iouring.SubmissionQueueEntry64

	cqHead *atomic.Uint32 // written by us
	cqTail *atomic.Uint32 // written by the kernel
	cqMask uint32
	cqSize uint32
	cqes   []iouring.CompletionQueueEvent16
}

// mapRing maps the rings of an io_uring that setup described in params.
func mapRing(fd int, params *iouring.IOURingParams) (*ringMem, error) {
	m := &ringMem{sqSize: params.SQEntries, cqSize: params.CQEntries}
	sqBytes := int(params.SQOffset.Array + params.SQEntries*4)
	cqBytes := int(params.CQOffset.Cqes + params.CQEntries*uint32(unsafe.Sizeof(iouring.CompletionQueueEvent16{})))
	single := params.Features&iouring.IORING_FEAT_SINGLE_MMAP != 0
	if single {
		sqBytes = max(sqBytes, cqBytes)
	}
	var err error
	if m.sqRing, err = mapShared(fd, iouring.IORING_OFF_SQ_RING, sqBytes); err != nil {
		return nil, err
	}
	m.cqRing = m.sqRing
	if !single {
		if m.cqRing, err = mapShared(fd, iouring.IORING_OFF_CQ_RING, cqBytes); err != nil {
			m.unmap()
			return nil, err
		}
	}
	sqeBytes := int(params.SQEntries) * int(unsafe.Sizeof(iouring.SubmissionQueueEntry64{}))
	if m.sqeMem, err = mapShared(fd, iouring.IORING_OFF_SQES, sqeBytes); err != nil {
		m.unmap()
		return nil, err
	}
	m.locate(params)
	return m, nil
}

func mapShared(fd int, off uint64, n int) ([]byte, error) {
	b, err := unix.Mmap(fd, int64(off), n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map ring: %w", err)
	}
	return b, nil
}

// locate finds the fields in the mappings at the offsets that the kernel gave.
func (m *ringMem) locate(params *iouring.IOURingParams) {
	sq, cq := &params.SQOffset, &params.CQOffset
	m.sqHead = word(m.sqRing, sq.Head)
	m.sqTail = word(m.sqRing, sq.Tail)
	m.sqFlags = word(m.sqRing, sq.Flags)
	m.sqMask = word(m.sqRing, sq.RingMask).Load()
	m.cqHead = word(m.cqRing, cq.Head)
	m.cqTail = word(m.cqRing, cq.Tail)
	m.cqMask = word(m.cqRing, cq.RingMask).Load()
	// Entry i of the index array is always SQE i.
	for i := range m.sqSize {
		word(m.sqRing, sq.Array+4*i).Store(i)
	}
	m.sqes = unsafe.Slice((*iouring.SubmissionQueueEntry64)(unsafe.Pointer(&m.sqeMem[0])), m.sqSize)
	need := int(cq.Cqes) + int(m.cqSize)*int(unsafe.Sizeof(iouring.CompletionQueueEvent16{}))
	if need > len(m.cqRing) {
		panic("poller: kernel gave a completion ring outside its mapping")
	}
	m.cqes = unsafe.Slice((*iouring.CompletionQueueEvent16)(unsafe.Pointer(&m.cqRing[cq.Cqes])), m.cqSize)
}

// word returns the aligned 32-bit word at off.
func word(b []byte, off uint32) *atomic.Uint32 {
	if int(off)+4 > len(b) || off%4 != 0 {
		panic("poller: kernel gave an offset outside the ring")
	}
	return (*atomic.Uint32)(unsafe.Pointer(&b[off]))
}

func (m *ringMem) unmap() {
	if m.cqRing != nil && &m.cqRing[0] != &m.sqRing[0] {
		unix.Munmap(m.cqRing)
	}
	if m.sqeMem != nil {
		unix.Munmap(m.sqeMem)
	}
	if m.sqRing != nil {
		unix.Munmap(m.sqRing)
	}
}

// addrOf returns the address of b's first byte for a request. The caller keeps
// b reachable from the heap until the request's last completion, and the
// collector does not move heap memory.
func addrOf(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// addrOfTimespec is addrOf for a link timeout.
func addrOfTimespec(ts *abi.KernelTimespec) uint64 { return uint64(uintptr(unsafe.Pointer(ts))) }

// addrOfMsghdr is addrOf for the header of a gathered send.
func addrOfMsghdr(m *unix.Msghdr) uint64 { return uint64(uintptr(unsafe.Pointer(m))) }
