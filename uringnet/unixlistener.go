package uringnet

import (
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
	"weak"
)

// UnixListener is a unix socket listener with the method set of
// *net.UnixListener. On a ring it keeps the standard listener beside its
// stream, because that one knows whether its file is to be unlinked, and nobody
// else can ask it (SetUnlinkOnClose may have been called before Wrap).
type UnixListener struct{ listener }

// keepUnix notes that l has ln beside its stream, for Engine.Close to remove its
// file. It must keep neither alive: when l is lost, its stream is closed here,
// and ln's own descriptor, through which the socket would go on listening, by
// net's finalizer. Like that, it leaves the file.
func (e *Engine) keepUnix(l *UnixListener, ln *net.UnixListener) {
	key := weak.Make(ln)
	e.unix.Store(key, nil)
	runtime.AddCleanup(l, func(key weak.Pointer[net.UnixListener]) { e.unix.Delete(key) }, key)
	closeWhenLost(l, l.fd)
}

// closeUnix closes the standard listeners of those that are not lost.
func (e *Engine) closeUnix() {
	e.unix.Range(func(key, _ any) bool {
		if ln := key.(weak.Pointer[net.UnixListener]).Value(); ln != nil {
			ln.Close()
		}
		return true
	})
}

func (l *UnixListener) ok() bool { return l != nil && l.listener.ok() }

// Accept waits for the next connection and returns it.
func (l *UnixListener) Accept() (net.Conn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	c, err := l.AcceptUnix()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptUnix waits for the next connection and returns it.
func (l *UnixListener) AcceptUnix() (*UnixConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	if l.fd == nil {
		c, err := l.std.(*net.UnixListener).AcceptUnix()
		if err != nil {
			return nil, err
		}
		return l.eng.stdUnix(c), nil
	}
	sysfd, err := l.fd.Accept()
	if err != nil {
		return nil, l.fail("accept", "accept4", err)
	}
	c, err := l.eng.acceptedUnix(l, sysfd)
	if err != nil {
		return nil, l.fail("accept", "accept4", err)
	}
	return c, nil
}

// Close stops listening and unlinks the socket's file as net's Close does.
func (l *UnixListener) Close() error {
	if !l.ok() {
		return syscall.EINVAL
	}
	if l.fd == nil {
		return l.std.Close()
	}
	// The file goes first, so that nobody finds it and is refused.
	unlinkErr := l.std.Close()
	l.eng.unix.Delete(weak.Make(l.std.(*net.UnixListener)))
	if err := l.close(); err != nil {
		return err
	}
	return unlinkErr
}

// SetUnlinkOnClose sets whether Close removes the socket's file.
func (l *UnixListener) SetUnlinkOnClose(unlink bool) {
	if l.ok() {
		l.std.(*net.UnixListener).SetUnlinkOnClose(unlink)
	}
}

// Addr returns the listener's address.
func (l *UnixListener) Addr() net.Addr { return l.addr }

// SetDeadline sets the deadline of Accept, calls already waiting included.
func (l *UnixListener) SetDeadline(t time.Time) error {
	if !l.ok() {
		return syscall.EINVAL
	}
	return l.setDeadline(t)
}

// File returns a duplicate of the listener's descriptor, as net's File does.
// Connections that the ring had accepted ahead stay with this listener.
func (l *UnixListener) File() (*os.File, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	return l.file()
}

// SyscallConn returns a raw connection that supports Control only, as net's
// listeners do.
func (l *UnixListener) SyscallConn() (syscall.RawConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	return l.syscallConn()
}
