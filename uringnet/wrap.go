package uringnet

import (
	"fmt"
	"net"
	"os"
)

// Wrap takes over a listener on the default engine: a *net.TCPListener or
// *net.UnixListener made anywhere, by socket activation too. The listener is
// closed and must not be used again; its socket goes on in the one returned.
// A listener of this package is returned as it is. Any other type is an error.
func Wrap(ln net.Listener) (net.Listener, error) { return Default().Wrap(ln) }

// WrapConn takes over a *net.TCPConn or *net.UnixConn on the default engine.
// The connection is closed without disturbing its socket and must not be used
// again. A connection of this package is returned as it is. Any other type,
// *tls.Conn included, is an error: wrap what is below it.
func WrapConn(c net.Conn) (net.Conn, error) { return Default().WrapConn(c) }

// FileListener returns a listener on a copy of the socket f, as
// net.FileListener does. It is the caller's to close f.
func FileListener(f *os.File) (net.Listener, error) { return Default().FileListener(f) }

// FileConn returns a connection on a copy of the socket f, as net.FileConn
// does. It is the caller's to close f.
func FileConn(f *os.File) (net.Conn, error) { return Default().FileConn(f) }

// Wrap is the package function Wrap on this engine.
func (e *Engine) Wrap(ln net.Listener) (net.Listener, error) {
	switch ln := ln.(type) {
	case *TCPListener, *UnixListener:
		return ln, nil
	case *net.TCPListener, *net.UnixListener:
		return e.adoptListener(ln, ln.Addr().Network(), foreign())
	default:
		return nil, fmt.Errorf("uringnet: cannot wrap a %T: want a *net.TCPListener or *net.UnixListener", ln)
	}
}

// WrapConn is the package function WrapConn on this engine.
func (e *Engine) WrapConn(c net.Conn) (net.Conn, error) {
	switch c := c.(type) {
	case *TCPConn, *UnixConn:
		return c, nil
	case *net.TCPConn, *net.UnixConn:
		return e.adoptConn(c, c.LocalAddr().Network())
	default:
		return nil, fmt.Errorf("uringnet: cannot wrap a %T: want a *net.TCPConn or *net.UnixConn", c)
	}
}

// FileListener is the package function FileListener on this engine.
func (e *Engine) FileListener(f *os.File) (net.Listener, error) {
	ln, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return e.adoptListener(ln, ln.Addr().Network(), foreign())
}

// FileConn is the package function FileConn on this engine.
func (e *Engine) FileConn(f *os.File) (net.Conn, error) {
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	return e.adoptConn(c, c.LocalAddr().Network())
}
