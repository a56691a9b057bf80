package uringnet

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// conn is what TCPConn and UnixConn share. Exactly one of fd and std is set,
// for the life of the connection.
type conn struct {
	fd    stream    // the ring carries the connection
	std   net.Conn  // the standard library does
	sides *stdSides // with std
	eng   *Engine
	net   string // network for errors: "tcp", "tcp4", "unix", ...
	addr  addrs
}

// addrs are the two ends of a connection, read once when it is made.
type addrs struct{ local, remote net.Addr }

func (c *conn) ok() bool { return c != nil && (c.fd != nil || c.std != nil) }

// fail wraps err as net's own types do.
func (c *conn) fail(op, call string, err error) error {
	return &net.OpError{Op: op, Net: c.net, Source: c.addr.local, Addr: c.addr.remote, Err: mapError(call, err)}
}

// Read reads data from the connection, as net.Conn's Read does. The bytes are
// copied out of the ring's buffer into b; b is not kept.
func (c *conn) Read(b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if c.fd == nil {
		return c.stdRead(b)
	}
	n, err := c.fd.Read(b)
	if err != nil && err != io.EOF {
		err = c.fail("read", "read", err)
	}
	return n, err
}

// Write writes all of b or returns an error, as net.Conn's Write does. It
// returns when the kernel has taken the bytes; b is not kept.
func (c *conn) Write(b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if c.fd == nil {
		return c.stdWrite(b)
	}
	n, err := c.fd.Write(b)
	if err != nil {
		err = c.fail("write", "write", err)
	}
	return n, err
}

// WriteBuffers writes the buffers with gathered sends, in order, and consumes
// them as net.Buffers.WriteTo does. (net.Buffers.WriteTo itself gathers only
// on net's own types: on others it calls Write for each buffer.)
func (c *conn) WriteBuffers(v *net.Buffers) (int64, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if c.fd == nil {
		c.sides.write.busy.Lock()
		defer c.sides.write.busy.Unlock()
		return v.WriteTo(c.std)
	}
	n, err := c.fd.Writev(*v)
	consume(v, n)
	if err != nil {
		err = c.fail("writev", "writev", err)
	}
	return n, err
}

// consume drops the first n bytes of v.
func consume(v *net.Buffers, n int64) {
	for len(*v) > 0 {
		ln := int64(len((*v)[0]))
		if ln > n {
			(*v)[0] = (*v)[0][n:]
			return
		}
		n -= ln
		(*v)[0] = nil
		*v = (*v)[1:]
	}
}

// Close closes the connection. It returns when the kernel has let go of every
// request on it. A second Close returns an error that matches net.ErrClosed.
func (c *conn) Close() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.std.Close()
	}
	if err := c.fd.Close(); err != nil {
		return c.fail("close", "close", err)
	}
	return nil
}

// LocalAddr returns the local network address.
func (c *conn) LocalAddr() net.Addr {
	if !c.ok() {
		return nil
	}
	return c.addr.local
}

// RemoteAddr returns the remote network address.
func (c *conn) RemoteAddr() net.Addr {
	if !c.ok() {
		return nil
	}
	return c.addr.remote
}

// SetDeadline sets both deadlines, as net.Conn's SetDeadline does.
func (c *conn) SetDeadline(t time.Time) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		if err := c.setStdRead(t); err != nil {
			return err
		}
		return c.setStdWrite(t)
	}
	return c.setErr(c.fd.SetDeadline(t))
}

// SetReadDeadline sets the deadline of Read, those already waiting included.
func (c *conn) SetReadDeadline(t time.Time) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.setStdRead(t)
	}
	return c.setErr(c.fd.SetReadDeadline(t))
}

// SetWriteDeadline sets the deadline of Write, those already waiting included.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.setStdWrite(t)
	}
	return c.setErr(c.fd.SetWriteDeadline(t))
}

// setErr wraps the error of a deadline or buffer setting as net does: without
// a source, the local address as Addr.
func (c *conn) setErr(err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: "set", Net: c.net, Addr: c.addr.local, Err: mapError("setsockopt", err)}
}

// SetReadBuffer sets the size in bytes of the socket's receive buffer.
func (c *conn) SetReadBuffer(bytes int) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.std.(bufferSetter).SetReadBuffer(bytes)
	}
	return c.setErr(setReadBuffer(c.fd, bytes))
}

// SetWriteBuffer sets the size in bytes of the socket's send buffer.
func (c *conn) SetWriteBuffer(bytes int) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.std.(bufferSetter).SetWriteBuffer(bytes)
	}
	return c.setErr(setWriteBuffer(c.fd, bytes))
}

type bufferSetter interface {
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
}

// File returns a duplicate of the connection's descriptor, as net's File
// does: its Fd method, and so handing it to a child process, makes the
// descriptor blocking, which the two share. From then on the connection reads nothing ahead of its Read calls, so
// bytes that arrive later reach whoever reads first; bytes already received
// ahead stay with this connection and are returned by its next Reads.
func (c *conn) File() (*os.File, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	if c.fd == nil {
		return c.std.(filer).File()
	}
	sysfd, err := c.fd.Dup()
	if err != nil {
		return nil, c.fail("file", "dup", err)
	}
	f, err := socketFile(sysfd, c.fileName(), c.addr.local)
	if err != nil {
		return nil, c.fail("file", "dup", err)
	}
	return f, nil
}

func (c *conn) fileName() string {
	return c.net + ":" + addrString(c.addr.local) + "->" + addrString(c.addr.remote)
}

func addrString(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}

type filer interface{ File() (*os.File, error) }

// shutdown shuts down a side of the connection.
func (c *conn) shutdown(how int) error {
	if err := c.fd.Shutdown(how); err != nil {
		return c.fail("close", "shutdown", err)
	}
	return nil
}
