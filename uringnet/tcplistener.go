package uringnet

import (
	"net"
	"sync/atomic"
	"syscall"
)

// TCPListener is a TCP listener with the method set of *net.TCPListener.
type TCPListener struct {
	listener
	keepAlive net.KeepAliveConfig // of accepted connections; Enable false: leave alone
	inherit   atomic.Int32        // whether accepted sockets inherit the options: see acceptOptions
}

func (l *TCPListener) ok() bool { return l != nil && l.listener.ok() }

// Accept waits for the next connection and returns it.
func (l *TCPListener) Accept() (net.Conn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptTCP waits for the next connection and returns it.
func (l *TCPListener) AcceptTCP() (*TCPConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	if l.fd == nil {
		c, err := l.std.Accept()
		if err != nil {
			return nil, err
		}
		return l.eng.stdTCP(c.(*net.TCPConn), l.net), nil
	}
	sysfd, err := l.fd.Accept()
	if err != nil {
		return nil, l.fail("accept", "accept4", err)
	}
	c, err := l.eng.acceptedTCP(l, sysfd)
	if err != nil {
		return nil, l.fail("accept", "accept4", err)
	}
	return c, nil
}

// Close stops listening. Connections already accepted by the ring but not yet
// returned by Accept are closed.
func (l *TCPListener) Close() error {
	if !l.ok() {
		return syscall.EINVAL
	}
	if l.fd == nil {
		return l.std.Close()
	}
	return l.close()
}
