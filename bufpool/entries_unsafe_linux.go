package bufpool

import (
	"sync/atomic"
	"unsafe"
)

// entry is struct io_uring_buf, include/uapi/linux/io_uring.h.
type entry struct {
	addr uint64
	len  uint32
	bid  uint16
	resv uint16 // of entry 0: the ring's tail
}

const entrySize = int(unsafe.Sizeof(entry{}))

// bufEntries is the array of entries shared with the kernel.
type bufEntries struct {
	list []entry
	// tail lies over the last four bytes of entry 0 together with its bid
	// (bid in the lower half on little-endian machines): see publish.
}

func castEntries(b []byte, count int) bufEntries {
	if len(b) < count*entrySize || uintptr(unsafe.Pointer(&b[0]))%4096 != 0 {
		panic("bufpool: entries are short or not aligned to a page")
	}
	return bufEntries{list: unsafe.Slice((*entry)(unsafe.Pointer(&b[0])), count)}
}

func (e bufEntries) addr() uintptr { return uintptr(unsafe.Pointer(&e.list[0])) }

// set writes entry i, all but the field that in entry 0 holds the tail.
func (e bufEntries) set(i uint16, buf []byte, id uint16) {
	p := &e.list[i]
	p.addr = uint64(uintptr(unsafe.Pointer(&buf[0])))
	p.len = uint32(len(buf))
	p.bid = id
}

// publish shows the kernel the entries up to tail: a store-release paired with
// the smp_load_acquire of the tail in io_uring/kbuf.c. Go has no atomic 16-bit
// store, so the bid beside the tail is written again with the same value; the
// kernel may read that bid meanwhile and finds it unchanged.
func (e bufEntries) publish(tail uint16) {
	word := (*uint32)(unsafe.Pointer(&e.list[0].bid))
	bid := e.list[0].bid
	var v uint32
	halves := (*[2]uint16)(unsafe.Pointer(&v))
	halves[0], halves[1] = bid, tail
	atomic.StoreUint32(word, v)
}
