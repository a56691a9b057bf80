package uringnet

import (
	"net"
	"runtime"
	"syscall"

	"github.com/uringnet/go-uringnet/poller"
)

// This file moves sockets that net has made to the rings. A socket is
// duplicated and net's descriptor closed, so that it leaves the runtime's
// epoll and has one owner.

// adoptListener moves ln to the rings if its type can be, else returns it as
// it is.
func (e *Engine) adoptListener(ln net.Listener, network string, o listenerOptions) (net.Listener, error) {
	switch ln := ln.(type) {
	case *net.TCPListener:
		return orErr[net.Listener](e.adoptTCPListener(ln, network, o))
	case *net.UnixListener:
		if network == "unix" {
			return orErr[net.Listener](e.adoptUnixListener(ln, network, o))
		}
	}
	return ln, nil
}

// listenerOptions say where a listener comes from.
type listenerOptions struct {
	keepAlive net.KeepAliveConfig // of accepted connections
	// prepared: the socket had TCP_NODELAY and keepAlive set before it
	// listened, so that every accepted one may have inherited them.
	prepared bool
	// shared: other processes may accept on the same socket.
	shared bool
}

// foreign is a listener that was made elsewhere.
func foreign() listenerOptions {
	return listenerOptions{keepAlive: acceptedKeepAlive(0, net.KeepAliveConfig{}), shared: true}
}

// adoptConn moves c to the rings if its type can be, else returns it as it is.
func (e *Engine) adoptConn(c net.Conn, network string) (net.Conn, error) {
	switch c := c.(type) {
	case *net.TCPConn:
		return orErr[net.Conn](e.adoptTCP(c, network))
	case *net.UnixConn:
		if network == "unix" {
			return orErr[net.Conn](e.adoptUnix(c, network))
		}
	}
	return c, nil
}

// orErr returns v as an I, or a nil I with the error.
func orErr[I any, T any](v T, err error) (I, error) {
	if err != nil {
		var none I
		return none, err
	}
	return any(v).(I), nil
}

func (e *Engine) adoptTCPListener(ln *net.TCPListener, network string, o listenerOptions) (*TCPListener, error) {
	l := &TCPListener{listener: listener{std: ln, eng: e, net: network, addr: ln.Addr()}, keepAlive: o.keepAlive}
	if !o.prepared {
		l.inherit.Store(inheritNo)
	}
	fd, err := e.take(ln, poller.FDOptions{Listener: true, Shared: o.shared})
	if err != nil {
		ln.Close()
		return nil, l.fail("listen", "dup", err)
	}
	if fd == nil {
		return l, nil
	}
	ln.Close()
	l.fd, l.std = fd, nil
	closeWhenLost(l, fd)
	return l, nil
}

func (e *Engine) adoptUnixListener(ln *net.UnixListener, network string, o listenerOptions) (*UnixListener, error) {
	l := &UnixListener{listener{std: ln, eng: e, net: network, addr: ln.Addr()}}
	if network != "unix" {
		return l, nil
	}
	fd, err := e.take(ln, poller.FDOptions{Listener: true, Shared: o.shared})
	if err != nil {
		ln.Close()
		return nil, l.fail("listen", "dup", err)
	}
	if fd == nil {
		return l, nil
	}
	l.fd = fd
	e.keepUnix(l, ln)
	return l, nil
}

func (e *Engine) adoptTCP(c *net.TCPConn, network string) (*TCPConn, error) {
	fd, err := e.take(c, poller.FDOptions{ReadAhead: true})
	if err != nil {
		return nil, e.adoptFailed(c, network, err)
	}
	if fd == nil {
		return e.stdTCP(c, network), nil
	}
	out := &TCPConn{conn{fd: fd, eng: e, net: network, addr: addrsOf(c)}}
	c.Close()
	closeWhenLost(out, fd)
	return out, nil
}

func (e *Engine) adoptUnix(c *net.UnixConn, network string) (*UnixConn, error) {
	if network != "unix" {
		return e.stdUnix(c), nil
	}
	fd, err := e.take(c, poller.FDOptions{})
	if err != nil {
		return nil, e.adoptFailed(c, network, err)
	}
	if fd == nil {
		return e.stdUnix(c), nil
	}
	out := &UnixConn{conn: conn{fd: fd, eng: e, net: network, addr: addrsOf(c)}}
	c.Close()
	closeWhenLost(out, fd)
	return out, nil
}

func (e *Engine) adoptFailed(c net.Conn, network string, err error) error {
	defer c.Close()
	return &net.OpError{Op: "dial", Net: network, Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: mapError("dup", err)}
}

// stdTCP leaves c to the standard library.
func (e *Engine) stdTCP(c *net.TCPConn, network string) *TCPConn {
	e.fallbacks.Add(1)
	return &TCPConn{conn{std: c, sides: new(stdSides), eng: e, net: network, addr: addrsOf(c)}}
}

// stdUnix leaves c to the standard library.
func (e *Engine) stdUnix(c *net.UnixConn) *UnixConn {
	e.fallbacks.Add(1)
	return &UnixConn{conn: conn{std: c, sides: new(stdSides), eng: e, net: "unix", addr: addrsOf(c)}}
}

func addrsOf(c net.Conn) addrs { return addrs{c.LocalAddr(), c.RemoteAddr()} }

// take puts a duplicate of c's descriptor on the rings. A nil stream without
// an error means that the engine has no rings.
func (e *Engine) take(c syscall.Conn, o poller.FDOptions) (stream, error) {
	if e.closed.Load() {
		return nil, ErrEngineClosed
	}
	if e.rings == nil {
		return nil, nil
	}
	sysfd, err := dupSocket(c)
	if err != nil {
		return nil, err
	}
	fd, err := e.rings.open(sysfd, o)
	if err != nil {
		closeSocket(sysfd)
		return nil, err
	}
	return fd, nil
}

// closeWhenLost closes the stream of a connection that became unreachable
// without a Close, as net's finalizers do.
func closeWhenLost[T any](c *T, fd stream) {
	runtime.AddCleanup(c, func(fd stream) {
		if !fd.Closed() {
			go fd.Close() // it may wait, which a cleanup must not
		}
	}, fd)
}
