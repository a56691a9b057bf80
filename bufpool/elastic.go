package bufpool

import (
	"sync"
	"sync/atomic"

	"github.com/valyala/bytebufferpool"
)

// Buffer is an elastic user-space buffer: bytes that grow by append. It belongs
// to whoever got it from an Elastic, until it is put back.
type Buffer struct {
	// B is the bytes.
	B []byte

	mem *bytebufferpool.ByteBuffer // where B came from; nil in the pool
	gen atomic.Uint32              // odd while the buffer is out
}

// Lease is the right to Return b once, until whoever got b puts it back.
func (b *Buffer) Lease() Lease { return Lease{gen: b.gen.Load()} }

// Elastic is a pool of elastic buffers that knows how many are out. Their memory
// is bytebufferpool's, which learns how large they should be.
type Elastic struct {
	bytes   bytebufferpool.Pool
	buffers sync.Pool // of *Buffer without memory
	out     atomic.Int64
}

// Get returns an empty buffer that the caller owns until Put.
func (e *Elastic) Get() *Buffer {
	b, _ := e.buffers.Get().(*Buffer)
	if b == nil {
		b = new(Buffer)
	}
	b.mem = e.bytes.Get()
	b.B = b.mem.B
	b.gen.Add(1)
	e.out.Add(1)
	return b
}

// Put takes the buffer back; its bytes must not be used after that. It panics
// if the buffer is not out: two owners would get it.
func (e *Elastic) Put(b *Buffer) {
	if !e.Return(b, b.Lease()) {
		panic("bufpool: Put of a buffer that is not out")
	}
}

// Return is Put for one of perhaps several that hold a copy of a lease: the
// first call takes the buffer back, the others do nothing and return false.
func (e *Elastic) Return(b *Buffer, l Lease) bool {
	if !out(l.gen) || !b.gen.CompareAndSwap(l.gen, l.gen+1) {
		return false
	}
	b.mem.B = b.B
	e.bytes.Put(b.mem)
	b.mem, b.B = nil, nil
	e.buffers.Put(b)
	e.out.Add(-1)
	return true
}

// InUse is the number of buffers that were not put back: 0 when nothing leaks.
func (e *Elastic) InUse() int { return int(e.out.Load()) }
