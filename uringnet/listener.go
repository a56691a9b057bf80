package uringnet

import (
	"net"
	"os"
	"syscall"
	"time"
)

// listener is what TCPListener and UnixListener share. Exactly one of fd and
// std carries it (a UnixListener keeps std beside fd, to unlink its file).
type listener struct {
	fd   stream
	std  net.Listener
	eng  *Engine
	net  string
	addr net.Addr
}

func (l *listener) ok() bool { return l != nil && (l.fd != nil || l.std != nil) }

func (l *listener) fail(op, call string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: l.net, Addr: l.addr, Err: mapError(call, err)}
}

// Addr returns the listener's address, with the port that the kernel chose.
func (l *listener) Addr() net.Addr {
	if !l.ok() {
		return nil
	}
	return l.addr
}

// SetDeadline sets the deadline of Accept, calls already waiting included.
func (l *listener) SetDeadline(t time.Time) error {
	if !l.ok() {
		return syscall.EINVAL
	}
	if l.fd == nil {
		return l.std.(deadliner).SetDeadline(t)
	}
	return l.fail("set", "setdeadline", l.fd.SetDeadline(t))
}

type deadliner interface{ SetDeadline(time.Time) error }

// File returns a duplicate of the listener's descriptor, as net's File does.
// Connections that the ring had accepted ahead stay with this listener.
func (l *listener) File() (*os.File, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	if l.fd == nil {
		return l.std.(filer).File()
	}
	sysfd, err := l.fd.Dup()
	if err != nil {
		return nil, l.fail("file", "dup", err)
	}
	return os.NewFile(uintptr(sysfd), l.net+":"+addrString(l.addr)+"->"), nil
}

// SyscallConn returns a raw connection that supports Control only, as net's
// listeners do.
func (l *listener) SyscallConn() (syscall.RawConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	if l.fd == nil {
		return l.std.(syscall.Conn).SyscallConn()
	}
	return &rawListener{rawConn{fd: l.fd, net: l.net, addr: l.addr}}, nil
}

// close closes the stream. Connections accepted but not taken are closed.
func (l *listener) close() error {
	return l.fail("close", "close", l.fd.Close())
}
