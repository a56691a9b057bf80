package poller

import "github.com/uringnet/go-uringnet/bufpool"

// Buffer is received bytes in the place where the kernel put them, lent to
// whoever asked for them until Release. While it is out it counts towards what
// its connection may hold (Config.MaxConnBuffers): beyond that, what arrives is
// copied to user space. The zero Buffer is empty and ready for Lend.
type Buffer struct {
	b    []byte
	from lender
	bufs interface{ Release(id uint16) } // b is in a ring's buffer id
	heap *bufpool.Buffer                 // or in this elastic buffer
	id   uint16
}

// lender takes a buffer back.
type lender interface{ takeBack(*Buffer) }

// NewBuffer returns a Buffer with bytes of the caller's own; Release calls back.
func NewBuffer(b []byte, release func()) *Buffer { return &Buffer{b: b, from: releaseFunc(release)} }

type releaseFunc func()

func (f releaseFunc) takeBack(*Buffer) { f() }

// Bytes returns the bytes. They must not be used after Release.
func (b *Buffer) Bytes() []byte { return b.b }

// Release gives the buffer back. A second call does nothing until Lend has
// filled it again.
func (b *Buffer) Release() {
	if b.from != nil {
		b.from.takeBack(b)
	}
	*b = Buffer{}
}
