// Package buffers lends the memory in which parsers keep what has not come
// whole, so that a connection without such has none.
package buffers

import "sync"

// The sizes that are lent, in bytes. Larger buffers are made, and left to the
// garbage collector.
const (
	small  = 1 << 10
	medium = 8 << 10
	large  = 64 << 10
)

var (
	smalls  = sync.Pool{New: func() any { return new([small]byte) }}
	mediums = sync.Pool{New: func() any { return new([medium]byte) }}
	larges  = sync.Pool{New: func() any { return new([large]byte) }}
)

// Get returns an empty buffer with room for n bytes. It is the caller's until
// Put.
func Get(n int) []byte {
	switch {
	case n <= small:
		return smalls.Get().(*[small]byte)[:0]
	case n <= medium:
		return mediums.Get().(*[medium]byte)[:0]
	case n <= large:
		return larges.Get().(*[large]byte)[:0]
	}
	return make([]byte, 0, n)
}

// Put takes a buffer back. It may be of any origin, and nil: what Get does not
// lend is dropped.
func Put(buf []byte) {
	buf = buf[:cap(buf)]
	switch len(buf) {
	case small:
		smalls.Put((*[small]byte)(buf))
	case medium:
		mediums.Put((*[medium]byte)(buf))
	case large:
		larges.Put((*[large]byte)(buf))
	}
}

// Append is append for buffers of Get: if b needs another buffer, buf goes back.
// buf may be nil.
func Append(buf, b []byte) []byte {
	n := len(buf) + len(b)
	if n <= cap(buf) {
		return append(buf, b...)
	}
	if n > large {
		n = max(n, 2*cap(buf))
	}
	grown := append(append(Get(n), buf...), b...)
	Put(buf)
	return grown
}
