package bufpool

import (
	"sync/atomic"

	"github.com/valyala/bytebufferpool"
)

// Buffer is an elastic user-space buffer: see bytebufferpool.ByteBuffer. Its
// bytes are in the field B.
type Buffer = bytebufferpool.ByteBuffer

// Elastic is a pool of elastic buffers that knows how many are out.
type Elastic struct {
	pool bytebufferpool.Pool
	out  atomic.Int64
}

// Get returns an empty buffer that the caller owns until Put.
func (e *Elastic) Get() *Buffer {
	e.out.Add(1)
	return e.pool.Get()
}

// Put takes the buffer back; its bytes must not be used after that.
func (e *Elastic) Put(b *Buffer) {
	e.out.Add(-1)
	e.pool.Put(b)
}

// InUse is the number of buffers that were not put back: 0 when nothing leaks.
func (e *Elastic) InUse() int { return int(e.out.Load()) }
