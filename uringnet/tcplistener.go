package uringnet

import (
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// TCPListener is a TCP listener with the method set of *net.TCPListener.
//
// When a process is killed, its listeners' addresses are free once it has been
// waited for, as with net; but with ModeDedicated and ModeSQPoll, whose rings wait
// in the kernel for connections, only a moment later, when the kernel has taken
// the rings down: whoever listens again at once may have to retry.
type TCPListener struct {
	listener
	keepAlive net.KeepAliveConfig // of accepted connections; Enable false: leave alone
	inherit   atomic.Int32        // whether accepted sockets inherit the options: see acceptOptions
}

// States of TCPListener.inherit.
const (
	inheritUnknown = iota // the first accepted connection will tell
	inheritYes            // accepted sockets have the options already
	inheritNo             // they must be set on each
)

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

// Addr returns the listener's address, with the port that the kernel chose.
func (l *TCPListener) Addr() net.Addr { return l.addr }

// SetDeadline sets the deadline of Accept, calls already waiting included.
func (l *TCPListener) SetDeadline(t time.Time) error {
	if !l.ok() {
		return syscall.EINVAL
	}
	return l.setDeadline(t)
}

// File returns a duplicate of the listener's descriptor, as net's File does.
// Connections that the ring had accepted ahead stay with this listener.
func (l *TCPListener) File() (*os.File, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	return l.file()
}

// SyscallConn returns a raw connection that supports Control only, as net's
// listeners do.
func (l *TCPListener) SyscallConn() (syscall.RawConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	return l.syscallConn()
}
