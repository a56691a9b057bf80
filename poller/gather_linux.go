package poller

import "golang.org/x/sys/unix"

// newGather describes as many buffers as one send takes.
func newGather(bs [][]byte) *gather {
	g := &gather{}
	for _, b := range bs {
		if len(g.iovs) == maxIovecs || g.size >= maxSend {
			break
		}
		if len(b) == 0 {
			continue
		}
		iov := unix.Iovec{Base: &b[0]}
		n := min(len(b), maxSend-g.size)
		iov.SetLen(n)
		g.iovs = append(g.iovs, iov)
		g.size += n
	}
	g.hdr.Iov = &g.iovs[0]
	g.hdr.SetIovlen(len(g.iovs))
	return g
}

// advance drops the first n bytes of bs, and empty buffers that come next.
func advance(bs [][]byte, n int) [][]byte {
	for len(bs) > 0 && n >= len(bs[0]) {
		n -= len(bs[0])
		bs = bs[1:]
	}
	if n > 0 {
		bs[0] = bs[0][n:]
	}
	return bs
}

// maxIovecs is how many buffers one gathered send takes (UIO_MAXIOV).
const maxIovecs = 1024
