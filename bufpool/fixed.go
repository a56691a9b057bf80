//go:build linux

package bufpool

import (
	"fmt"
	"sync"
)

// Fixed is a pool of buffers of equal size in one piece of memory, which can be
// registered with the kernel as a whole (IORING_REGISTER_BUFFERS, kernel 5.1):
// reads and writes of files then spare the kernel the mapping of their pages.
type Fixed struct {
	all         []byte // the buffers; where they were, once the memory is gone
	backing     string
	size, count int

	mu   sync.Mutex
	mem  memory // guarded by mu: unmapped when the pool is closed and nothing is out
	free []int  // guarded by mu: numbers of the buffers that are free
	out  []bool // guarded by mu
	gone bool   // guarded by mu: Close was called
}

// NewFixed maps count buffers of size bytes.
func NewFixed(size, count int, pages Pages) (*Fixed, error) {
	if size <= 0 || count <= 0 || size > maxFixed/count {
		return nil, fmt.Errorf("bufpool: bad pool of %d registered buffers of %d bytes: want 1 byte to 1 GiB together", count, size)
	}
	mem, err := mapMemory(size*count, pages)
	if err != nil {
		return nil, err
	}
	f := &Fixed{all: mem.bytes[:size*count], backing: mem.backing, mem: mem, size: size, count: count, out: make([]bool, count)}
	for i := count - 1; i >= 0; i-- {
		f.free = append(f.free, i)
	}
	return f, nil
}

// maxFixed is the most that one registered buffer may hold: 1 GiB
// (io_buffer_validate, io_uring/rsrc.c).
const maxFixed = 1 << 30

// Get returns a buffer, which the caller owns until Put; nil if none is free or
// the pool is closed.
func (f *Fixed) Get() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.free)
	if n == 0 || f.gone {
		return nil
	}
	i := f.free[n-1]
	f.free = f.free[:n-1]
	f.out[i] = true
	return f.all[i*f.size : (i+1)*f.size : (i+1)*f.size]
}

// Put takes a buffer back, or any part of it that begins where it begins. It
// panics on a buffer that is not the pool's or that was put back already. After
// Close it takes what is still out.
func (f *Fixed) Put(b []byte) {
	off, ok := offsetIn(f.all, b)
	i := off / f.size
	f.mu.Lock()
	defer f.mu.Unlock()
	if !ok || off%f.size != 0 || i >= f.count || !f.out[i] {
		panic("bufpool: Put of a buffer that is not out of this pool")
	}
	f.out[i] = false
	f.free = append(f.free, i)
	if f.gone && len(f.free) == f.count {
		_ = f.mem.unmap()
	}
}

// Contains reports whether b lies in the pool's memory.
func (f *Fixed) Contains(b []byte) bool {
	off, ok := offsetIn(f.all, b)
	return ok && off+len(b) <= len(f.all)
}

// Bytes is the memory of all buffers, to register. Buffers belong to whoever
// got them. After Close it must not be touched.
func (f *Fixed) Bytes() []byte { return f.all }

// Size is the size of each buffer in bytes.
func (f *Fixed) Size() int { return f.size }

// Count is the number of buffers.
func (f *Fixed) Count() int { return f.count }

// InUse is the number of buffers that are out: 0 when nothing leaks.
func (f *Fixed) InUse() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count - len(f.free)
}

// Backing says what the memory is: "huge pages", "transparent huge pages" or
// "plain pages".
func (f *Fixed) Backing() string { return f.backing }

// Close ends the pool: Get returns nil from now on. The memory is unmapped now,
// or when the last buffer that is out is put back. The kernel must have let go
// of it: unregistered it, or closed the rings.
func (f *Fixed) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
	if len(f.free) < f.count {
		return nil
	}
	return f.mem.unmap()
}
