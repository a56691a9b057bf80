package uringnet

import (
	"io"
	"net"
	"syscall"
	"time"
)

// TCPConn is a TCP connection with the method set of *net.TCPConn.
type TCPConn struct{ conn }

func (c *TCPConn) ok() bool { return c != nil && c.conn.ok() }

// tcp returns the standard connection of the fallback.
func (c *TCPConn) tcp() *net.TCPConn { return c.std.(*net.TCPConn) }

// CloseRead shuts down the reading side. Bytes received before are still read.
func (c *TCPConn) CloseRead() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.tcp().CloseRead()
	}
	return c.shutdown(syscall.SHUT_RD)
}

// CloseWrite shuts down the writing side: the peer reads end of file.
func (c *TCPConn) CloseWrite() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.tcp().CloseWrite()
	}
	return c.shutdown(syscall.SHUT_WR)
}

// setOpt wraps the error of a socket option as net does: with both addresses.
func (c *TCPConn) setOpt(err error) error {
	if err == nil {
		return nil
	}
	return c.fail("set", "setsockopt", err)
}

// SetLinger sets SO_LINGER, in seconds, as net's SetLinger does.
func (c *TCPConn) SetLinger(sec int) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.tcp().SetLinger(sec)
	}
	return c.setOpt(setLinger(c.fd, sec))
}

// SetKeepAlive switches keep-alive probes on or off.
func (c *TCPConn) SetKeepAlive(keepalive bool) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.tcp().SetKeepAlive(keepalive)
	}
	return c.setOpt(setKeepAlive(c.fd, keepalive))
}

// SetKeepAlivePeriod sets the time that a connection must be idle before the
// first keep-alive probe; 0 means 15 s, a negative value changes nothing.
func (c *TCPConn) SetKeepAlivePeriod(d time.Duration) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.tcp().SetKeepAlivePeriod(d)
	}
	return c.setOpt(setKeepAlivePeriod(c.fd, d))
}

// SetKeepAliveConfig sets all keep-alive options.
func (c *TCPConn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.tcp().SetKeepAliveConfig(config)
	}
	return c.setOpt(setKeepAliveConfig(c.fd, config))
}

// SetNoDelay switches TCP_NODELAY, which is on by default.
func (c *TCPConn) SetNoDelay(noDelay bool) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		return c.tcp().SetNoDelay(noDelay)
	}
	return c.setOpt(setNoDelay(c.fd, noDelay))
}

// MultipathTCP reports whether the connection uses MPTCP.
func (c *TCPConn) MultipathTCP() (bool, error) {
	if !c.ok() {
		return false, syscall.EINVAL
	}
	if c.fd == nil {
		return c.tcp().MultipathTCP()
	}
	return isMultipathTCP(c.fd)
}

// ReadFrom implements io.ReaderFrom: a file is sent by sendfile(2), a *File and
// another connection of this package by splicing, buffers (*net.Buffers) by
// gathered sends, anything else is copied.
func (c *TCPConn) ReadFrom(r io.Reader) (int64, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if c.fd == nil {
		return c.tcp().ReadFrom(r)
	}
	if v, ok := r.(*net.Buffers); ok {
		n, err := c.WriteBuffers(v)
		return n, c.copyErr("readfrom", err)
	}
	if n, err, handled := sendFile(c.fd, r); handled {
		if err != nil && err != io.EOF {
			err = c.fail("readfrom", "sendfile", err)
		}
		return n, err
	}
	if n, err, handled := sendRingFile(&c.conn, r); handled {
		return n, c.copyErr("readfrom", err)
	}
	n, err := copyIn(&c.conn, r)
	return n, c.copyErr("readfrom", err)
}

// WriteTo implements io.WriterTo: it passes what is received to w from the
// ring's buffers, without copying, until end of file. To another connection of
// this package, an *os.File or a *File, a long stream is spliced: its bytes
// stay in the kernel.
func (c *TCPConn) WriteTo(w io.Writer) (int64, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if c.fd == nil {
		return c.tcp().WriteTo(w)
	}
	n, err := copyOut(w, &c.conn, -1)
	return n, c.copyErr("writeto", err)
}

// copyErr wraps an error of ReadFrom or WriteTo as net does.
func (c *TCPConn) copyErr(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: c.net, Source: c.addr.local, Addr: c.addr.remote, Err: err}
}

// writerOnly hides ReadFrom from io.Copy.
type writerOnly struct{ io.Writer }
