package ring

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// memory is the memory that a ring shares with the kernel.
type memory struct {
	sqRing, cqRing, sqeMem []byte // the mappings; cqRing is sqRing with FEAT_SINGLE_MMAP

	sqHead  *atomic.Uint32 // written by the kernel
	sqTail  *atomic.Uint32 // written by us
	sqFlags *atomic.Uint32 // written by the kernel
	sqMask  uint32
	sqSize  uint32
	sqes    []abi.SQE

	cqHead *atomic.Uint32 // written by us
	cqTail *atomic.Uint32 // written by the kernel
	cqMask uint32
	cqSize uint32
	cqes   []abi.CQE
}

// mapRing maps the rings of an io_uring that setup described in params.
func mapRing(fd int, params *abi.Params) (*memory, error) {
	m := &memory{sqSize: params.SQEntries, cqSize: params.CQEntries}
	sqBytes := int(params.SQOffset.Array + params.SQEntries*4)
	cqBytes := int(params.CQOffset.Cqes + params.CQEntries*uint32(unsafe.Sizeof(abi.CQE{})))
	single := params.Features&abi.FeatSingleMmap != 0
	if single {
		sqBytes = max(sqBytes, cqBytes)
	}
	var err error
	if m.sqRing, err = mapShared(fd, abi.OffSQRing, sqBytes); err != nil {
		return nil, err
	}
	m.cqRing = m.sqRing
	if !single {
		if m.cqRing, err = mapShared(fd, abi.OffCQRing, cqBytes); err != nil {
			m.unmap()
			return nil, err
		}
	}
	sqeBytes := int(params.SQEntries) * int(unsafe.Sizeof(abi.SQE{}))
	if m.sqeMem, err = mapShared(fd, abi.OffSQEs, sqeBytes); err != nil {
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
func (m *memory) locate(params *abi.Params) {
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
	m.sqes = unsafe.Slice((*abi.SQE)(unsafe.Pointer(&m.sqeMem[0])), m.sqSize)
	need := int(cq.Cqes) + int(m.cqSize)*int(unsafe.Sizeof(abi.CQE{}))
	if need > len(m.cqRing) {
		panic("ring: kernel gave a completion ring outside its mapping")
	}
	m.cqes = unsafe.Slice((*abi.CQE)(unsafe.Pointer(&m.cqRing[cq.Cqes])), m.cqSize)
}

// word returns the aligned 32-bit word at off.
func word(b []byte, off uint32) *atomic.Uint32 {
	if int(off)+4 > len(b) || off%4 != 0 {
		panic("ring: kernel gave an offset outside the ring")
	}
	return (*atomic.Uint32)(unsafe.Pointer(&b[off]))
}

func (m *memory) unmap() {
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

// AddrOf returns the address of b's first byte for a request. The caller keeps
// b reachable from the heap until the request's last completion, and the
// collector does not move heap memory.
func AddrOf(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// AddrOfTimespec is AddrOf for a link timeout.
func AddrOfTimespec(ts *abi.KernelTimespec) uint64 { return uint64(uintptr(unsafe.Pointer(ts))) }

// AddrOfMsghdr is AddrOf for the header of a gathered send.
func AddrOfMsghdr(m *unix.Msghdr) uint64 { return uint64(uintptr(unsafe.Pointer(m))) }
