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

func (l *listener) setDeadline(t time.Time) error {
	if l.fd == nil {
		return l.std.(deadliner).SetDeadline(t)
	}
	return mapError("setdeadline", l.fd.SetDeadline(t)) // bare, as net's
}

type deadliner interface{ SetDeadline(time.Time) error }

func (l *listener) file() (*os.File, error) {
	if l.fd == nil {
		return l.std.(filer).File()
	}
	sysfd, err := l.fd.Dup()
	if err != nil {
		return nil, l.fail("file", "dup", err)
	}
	f, err := socketFile(sysfd, l.net+":"+addrString(l.addr)+"->", l.addr)
	if err != nil {
		return nil, l.fail("file", "dup", err)
	}
	return f, nil
}

func (l *listener) syscallConn() (syscall.RawConn, error) {
	if l.fd == nil {
		return l.std.(syscall.Conn).SyscallConn()
	}
	return &rawListener{rawConn{fd: l.fd, net: l.net, addr: addrs{local: l.addr}, owner: l}}, nil
}

// close closes the stream. Connections accepted but not taken are closed.
func (l *listener) close() error {
	return l.fail("close", "close", l.fd.Close())
}
