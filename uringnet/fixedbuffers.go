package uringnet

import (
	"sync"
	"sync/atomic"
)

// FixedBuffers is a pool of buffers of equal size, registered with the kernel
// where that is possible (Status says so): reads and writes of Files then spare
// it the mapping of their memory each time.
type FixedBuffers interface {
	// Get returns a buffer, the caller's until Put; nil if none is free or the
	// engine is closed.
	Get() []byte
	// Put takes a buffer back, or a part of it that begins where it begins. It
	// panics on one that is not out of the pool. What is out when the engine is
	// closed stays usable until then, and may be put back.
	Put(b []byte)
	// Size is the size of each buffer in bytes, Count how many there are.
	Size() int
	Count() int
	// InUse is how many are out.
	InUse() int
}

// FixedBuffers returns the engine's pool of Config.FixedBuffers buffers of
// Config.FixedBufferSize bytes, which the first call makes. On the standard
// library it is ordinary memory. It ends with the engine.
func (e *Engine) FixedBuffers() (FixedBuffers, error) {
	if e.closed.Load() {
		return nil, ErrEngineClosed
	}
	if e.files() {
		return e.rings.fixedBuffers()
	}
	e.heapOnce.Do(func() { e.heap = newHeapBuffers(e.cfg.FixedBufferSize, e.cfg.FixedBuffers, &e.closed) })
	return e.heap, nil
}

// heapBuffers are FixedBuffers of ordinary memory.
type heapBuffers struct {
	size, count int
	closed      *atomic.Bool // the engine is

	mu   sync.Mutex
	free [][]byte         // guarded by mu: buffers that were put back
	out  map[*byte][]byte // guarded by mu: those that are out, by where they begin
}

func newHeapBuffers(size, count int, closed *atomic.Bool) *heapBuffers {
	if size == 0 {
		size = 4 << 10
	}
	if count == 0 {
		count = 1024
	}
	return &heapBuffers{size: size, count: count, closed: closed, out: map[*byte][]byte{}}
}

func (h *heapBuffers) Get() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.out) == h.count || h.closed.Load() {
		return nil
	}
	var b []byte
	if n := len(h.free); n > 0 {
		b, h.free = h.free[n-1], h.free[:n-1]
	} else {
		b = make([]byte, h.size)
	}
	h.out[&b[0]] = b
	return b
}

func (h *heapBuffers) Put(b []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if cap(b) == 0 {
		panic(errNotOut)
	}
	begin := &b[:1][0]
	whole := h.out[begin]
	if whole == nil {
		panic(errNotOut)
	}
	delete(h.out, begin)
	h.free = append(h.free, whole)
}

const errNotOut = "uringnet: Put of a buffer that is not out of this pool"

func (h *heapBuffers) Size() int  { return h.size }
func (h *heapBuffers) Count() int { return h.count }

func (h *heapBuffers) InUse() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.out)
}
