package uringnet

import (
	"net"
	"syscall"
)

// SyscallConn returns a raw connection, as net's types do. From then on nothing is
// received ahead of Read calls; what was before, with ModeDedicated and ModeSQPoll
// alone, is not seen by it.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	if c.fd == nil {
		return c.std.(syscall.Conn).SyscallConn()
	}
	c.fd.Expose()
	return &rawConn{fd: c.fd, net: c.net, addr: c.addr, owner: c}, nil
}

// rawConn is the syscall.RawConn of a stream.
type rawConn struct {
	fd   stream
	net  string
	addr addrs
	// owner is the connection or listener: while it is reachable it is not closed as lost.
	owner any
}

// fail wraps an error as net does: with both addresses.
func (c *rawConn) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: c.net, Source: c.addr.local, Addr: c.addr.remote, Err: mapError(op, err)}
}

// Control implements syscall.RawConn. Its errors have the local address only.
func (c *rawConn) Control(f func(fd uintptr)) error {
	if err := c.fd.Control(f); err != nil {
		return &net.OpError{Op: "raw-control", Net: c.net, Addr: c.addr.local, Err: mapError("raw-control", err)}
	}
	return nil
}

// Read implements syscall.RawConn.
func (c *rawConn) Read(f func(fd uintptr) bool) error {
	return c.fail("raw-read", c.fd.RawRead(f))
}

// Write implements syscall.RawConn.
func (c *rawConn) Write(f func(fd uintptr) bool) error {
	return c.fail("raw-write", c.fd.RawWrite(f))
}

// rawListener is the syscall.RawConn of a listener: as with net, only Control
// means anything.
type rawListener struct{ rawConn }

func (l *rawListener) Read(func(uintptr) bool) error  { return syscall.EINVAL }
func (l *rawListener) Write(func(uintptr) bool) error { return syscall.EINVAL }
