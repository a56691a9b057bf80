package poller

import (
	"sync/atomic"

	"github.com/uringnet/go-uringnet/bufpool"
)

// Buffer is received bytes lent to whoever asked for them until Release: in the place
// where the kernel put them, if that is a provided buffer. While such a one is out it
// counts towards what its connection may hold (Config.MaxConnBuffers): beyond that, what
// arrives is copied to user space. The zero Buffer is empty and ready for Lend. Copies of
// a Buffer are the same loan: the first Release ends it for all.
type Buffer struct {
	b     []byte
	from  lender
	lease bufpool.Lease                             // of what b lies in
	bufs  interface{ Return(l bufpool.Lease) bool } // a ring's buffers
	heap  *bufpool.Buffer                           // or this elastic buffer
}

// lender takes a buffer back.
type lender interface{ takeBack(*Buffer) }

// NewBuffer returns a Buffer with bytes of the caller's own; Release calls back, once.
func NewBuffer(b []byte, release func()) *Buffer { return &Buffer{b: b, from: &releaser{f: release}} }

type releaser struct {
	done atomic.Bool
	f    func()
}

func (r *releaser) takeBack(*Buffer) {
	if !r.done.Swap(true) {
		r.f()
	}
}

// Bytes returns the bytes. They must not be used after Release.
func (b *Buffer) Bytes() []byte { return b.b }

// Release gives the buffer back. A second call, of a copy too, does nothing until Lend
// has filled it again.
func (b *Buffer) Release() {
	if b.from != nil {
		b.from.takeBack(b)
	}
	*b = Buffer{}
}
