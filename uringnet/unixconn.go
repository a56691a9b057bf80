package uringnet

import (
	"io"
	"net"
	"os"
	"syscall"
)

// UnixConn is a stream-oriented unix socket connection with the method set of
// *net.UnixConn.
type UnixConn struct {
	conn
	dialed bool // net refuses an address on it; on an accepted one, the kernel does
}

func (c *UnixConn) ok() bool { return c != nil && c.conn.ok() }

// unix returns the standard connection of the fallback.
func (c *UnixConn) unix() *net.UnixConn { return c.std.(*net.UnixConn) }

// CloseRead shuts down the reading side. Bytes received before are still read.
func (c *UnixConn) CloseRead() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.unix().CloseRead()
	}
	return c.shutdown(syscall.SHUT_RD)
}

// CloseWrite shuts down the writing side: the peer reads end of file.
func (c *UnixConn) CloseWrite() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.unix().CloseWrite()
	}
	return c.shutdown(syscall.SHUT_WR)
}

// ReadFrom implements net.PacketConn as *net.UnixConn does.
func (c *UnixConn) ReadFrom(b []byte) (int, net.Addr, error) {
	if !c.ok() {
		return 0, nil, syscall.EINVAL
	}
	n, addr, err := c.ReadFromUnix(b)
	if addr == nil {
		return n, nil, err
	}
	return n, addr, err
}

// ReadFromUnix is ReadFrom with a *net.UnixAddr. On a stream socket the
// address is nil.
func (c *UnixConn) ReadFromUnix(b []byte) (int, *net.UnixAddr, error) {
	if !c.ok() {
		return 0, nil, syscall.EINVAL
	}
	if c.fd == nil {
		return c.unix().ReadFromUnix(b)
	}
	if len(b) == 0 { // which is no Read to net, but waits
		n, _, _, err := recvMsg(c.fd, b, nil)
		return n, nil, c.failMsg("recvfrom", err)
	}
	n, err := c.fd.Read(b)
	return n, nil, c.failMsg("recvfrom", err)
}

// WriteTo implements net.PacketConn; on a connected socket it fails with
// net.ErrWriteToConnected, as net's does.
func (c *UnixConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	a, ok := addr.(*net.UnixAddr)
	if !ok {
		return 0, &net.OpError{Op: "write", Net: c.net, Source: c.addr.local, Addr: addr, Err: syscall.EINVAL}
	}
	return c.WriteToUnix(b, a)
}

// WriteToUnix is WriteTo with a *net.UnixAddr.
func (c *UnixConn) WriteToUnix(b []byte, addr *net.UnixAddr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if c.fd == nil {
		return c.unix().WriteToUnix(b, addr)
	}
	return 0, c.writeToErr(addr, "sendto")
}

// ReadMsgUnix reads a message with its control data (descriptors, for
// example).
func (c *UnixConn) ReadMsgUnix(b, oob []byte) (n, oobn, flags int, addr *net.UnixAddr, err error) {
	if !c.ok() {
		return 0, 0, 0, nil, syscall.EINVAL
	}
	if c.fd == nil {
		return c.unix().ReadMsgUnix(b, oob)
	}
	n, oobn, flags, err = recvMsg(c.fd, b, oob)
	return n, oobn, flags, nil, c.failMsg("recvmsg", err)
}

// failMsg is the error of a call that receives a message.
func (c *UnixConn) failMsg(call string, err error) error {
	if err == nil || bareEOF && err == io.EOF {
		return err
	}
	return c.fail("read", call, err)
}

// WriteMsgUnix writes a message with its control data. addr must be nil: the
// socket is connected.
func (c *UnixConn) WriteMsgUnix(b, oob []byte, addr *net.UnixAddr) (n, oobn int, err error) {
	if !c.ok() {
		return 0, 0, syscall.EINVAL
	}
	if c.fd == nil {
		return c.unix().WriteMsgUnix(b, oob, addr)
	}
	if addr != nil {
		return 0, 0, c.writeToErr(addr, "sendmsg")
	}
	n, oobn, err = sendMsg(c.fd, b, oob)
	if err != nil {
		err = &net.OpError{Op: "write", Net: c.net, Source: c.addr.local, Err: mapError("sendmsg", err)}
	}
	return n, oobn, err
}

// writeToErr is the error of a write to an address, which no connected socket
// takes.
func (c *UnixConn) writeToErr(addr *net.UnixAddr, call string) error {
	oe := &net.OpError{Op: "write", Net: c.net, Source: c.addr.local, Err: net.ErrWriteToConnected}
	if !c.dialed {
		oe.Err = os.NewSyscallError(call, syscall.EISCONN)
	}
	if addr != nil {
		oe.Addr = addr
	}
	return oe
}
