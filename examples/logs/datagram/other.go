//go:build !linux

package datagram

import "errors"

func newReceiver(c Conn, _, size int, _ *drops) (receiver, error) { return newPlain(c, size), nil }

// SetBuffer sets how many bytes the kernel keeps for a socket until they are taken.
// What it has made of that is not known here.
func SetBuffer(c Conn, size int) (got int, err error) {
	s, ok := c.(interface{ SetReadBuffer(int) error })
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return size, s.SetReadBuffer(size)
}
