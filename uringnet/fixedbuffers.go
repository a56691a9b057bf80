package uringnet

// FixedBuffers is a pool of buffers of equal size, registered with the kernel
// where that is possible (Status says so): reads and writes of Files then spare
// it the mapping of their memory each time.
type FixedBuffers interface {
	// Get returns a buffer, the caller's until Put; nil if none is free.
	Get() []byte
	// Put takes a buffer back. It panics on one that is not out of the pool.
	Put(b []byte)
	// Size is the size of each buffer in bytes, Count how many there are.
	Size() int
	Count() int
	// InUse is how many are out.
	InUse() int
}

// FixedBuffers returns the engine's pool of Config.FixedBuffers buffers of
// Config.FixedBufferSize bytes, which the first call makes. On the standard
// library it is ordinary memory. Buffers have to be put back before the engine
// is closed.
func (e *Engine) FixedBuffers() (FixedBuffers, error) {
	if e.files() {
		return e.rings.fixedBuffers()
	}
	e.heapOnce.Do(func() { e.heap = newHeapBuffers(e.cfg.FixedBufferSize, e.cfg.FixedBuffers) })
	return e.heap, nil
}

// heapBuffers are FixedBuffers of ordinary memory.
type heapBuffers struct {
	size, count int
	free        chan []byte
}

func newHeapBuffers(size, count int) *heapBuffers {
	if size == 0 {
		size = 4 << 10
	}
	if count == 0 {
		count = 1024
	}
	h := &heapBuffers{size: size, count: count, free: make(chan []byte, count)}
	for range count {
		h.free <- nil // made when first used
	}
	return h
}

func (h *heapBuffers) Get() []byte {
	select {
	case b := <-h.free:
		if b == nil {
			b = make([]byte, h.size)
		}
		return b
	default:
		return nil
	}
}

func (h *heapBuffers) Put(b []byte) {
	if cap(b) < h.size {
		panic("uringnet: Put of a buffer that is not of this pool")
	}
	select {
	case h.free <- b[:h.size]:
	default:
		panic("uringnet: Put of a buffer that is not out of this pool")
	}
}

func (h *heapBuffers) Size() int  { return h.size }
func (h *heapBuffers) Count() int { return h.count }
func (h *heapBuffers) InUse() int { return h.count - len(h.free) }
