//go:build linux

package bufpool

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// cacheLine is a cache line, by which each buffer starts further than a
// multiple of its size: small messages, which touch only the start of each
// buffer, would otherwise all fall into the same few sets of the caches.
const cacheLine = 64

// Ring is a ring of provided buffers of equal size (struct io_uring_buf_ring,
// kernel 5.19). The kernel takes buffers at the head; Release puts them back
// at the tail.
type Ring struct {
	mem     memory
	entries bufEntries // the ring of entries, shared with the kernel
	bufs    []byte     // count buffers of size bytes
	size    int
	stride  int // from one buffer to the next
	count   int

	mu   sync.Mutex
	tail uint16 // guarded by mu; the kernel reads a copy in the entries
	gone bool   // guarded by mu: Close was called

	// gens are the buffers' generations: odd from Take until Release. They
	// tell a buffer that is out from one that the kernel has, and one owner's
	// turn from the next.
	gens []atomic.Uint32

	// inUse is how many buffers completions have named and nobody released.
	inUse atomic.Int64
}

// NewRing maps count buffers of size bytes, count a power of two up to 32768,
// all owned by the kernel once the ring at Addr is registered.
func NewRing(size, count int) (*Ring, error) {
	if size <= 0 || count <= 0 || count > 1<<15 || count&(count-1) != 0 {
		return nil, fmt.Errorf("bufpool: bad ring of %d buffers of %d bytes", count, size)
	}
	// Entries first: they have to be aligned to a page.
	entryBytes := pageAlign(count * entrySize)
	stride := (size+cacheLine-1)&^(cacheLine-1) + cacheLine
	mem, err := mapMemory(entryBytes+stride*count, AnyPages)
	if err != nil {
		return nil, err
	}
	r := &Ring{
		mem: mem, bufs: mem.bytes[entryBytes : entryBytes+stride*count], size: size, stride: stride, count: count,
		gens: make([]atomic.Uint32, count),
	}
	r.entries = castEntries(mem.bytes[:entryBytes], count)
	for id := range count {
		r.put(uint16(id))
	}
	r.entries.publish(r.tail)
	return r, nil
}

// Addr is the address to register with the kernel.
func (r *Ring) Addr() uintptr { return r.entries.addr() }

// Count is the number of buffers, Size the size of each in bytes.
func (r *Ring) Count() int { return r.count }

// Size is the size of each buffer in bytes.
func (r *Ring) Size() int { return r.size }

// Backing says what the memory is: "huge pages", "transparent huge pages" or
// "plain pages".
func (r *Ring) Backing() string { return r.mem.backing }

// InUse is the number of buffers taken and not released: 0 when nothing leaks.
func (r *Ring) InUse() int { return int(r.inUse.Load()) }

// Take returns the first n bytes of the buffer that a completion named, and
// makes the caller its owner. It panics on an id or length that the kernel
// cannot have given.
func (r *Ring) Take(id uint16, n int) []byte {
	if int(id) >= r.count || n > r.size {
		panic(fmt.Sprintf("bufpool: kernel named buffer %d with %d bytes in a ring of %d of %d", id, n, r.count, r.size))
	}
	off := int(id) * r.stride
	b := r.bufs[off : off+n : off+r.size]
	if !out(r.gens[id].Add(1)) {
		r.gens[id].Add(^uint32(0)) // it stays its owner's
		panic(fmt.Sprintf("bufpool: kernel named buffer %d, which it does not have", id))
	}
	r.inUse.Add(1)
	return b
}

// Lease returns the right to Return a buffer that the caller has taken: for one
// who passes it to others, by whom it might be copied. It panics if the buffer
// is not out.
func (r *Ring) Lease(id uint16) Lease {
	if int(id) >= r.count || !out(r.gens[id].Load()) {
		panic(fmt.Sprintf("bufpool: Lease of buffer %d, which is not out", id))
	}
	return Lease{gen: r.gens[id].Load(), id: id}
}

// Release gives a buffer back to the kernel. It is for the one owner: it panics
// if the buffer is not out, for the kernel would have it twice.
func (r *Ring) Release(id uint16) {
	if int(id) >= r.count || !r.Return(Lease{gen: r.gens[id].Load(), id: id}) {
		panic(fmt.Sprintf("bufpool: Release of buffer %d, which is not out", id))
	}
}

// Return is Release for one of perhaps several that hold a copy of a lease: the
// first call gives the buffer back, the others do nothing and return false.
func (r *Ring) Return(l Lease) bool {
	if int(l.id) >= r.count || !out(l.gen) || !r.gens[l.id].CompareAndSwap(l.gen, l.gen+1) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	left := r.inUse.Add(-1)
	if r.gone {
		if left == 0 {
			_ = r.mem.unmap()
		}
		return true
	}
	r.put(l.id)
	r.entries.publish(r.tail)
	return true
}

// put writes the entry of a buffer at the tail, not yet visible to the kernel.
func (r *Ring) put(id uint16) {
	off := int(id) * r.stride
	r.entries.set(r.tail&uint16(r.count-1), r.bufs[off:off+r.size], id)
	r.tail++
}

// Close unmaps the memory, now or when the last buffer that is in use is
// released. The ring must have been unregistered, or its io_uring closed.
func (r *Ring) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = true
	if r.inUse.Load() > 0 {
		return nil
	}
	return r.mem.unmap()
}
