//go:build linux

package uringnet

import (
	"github.com/uringnet/go-uringnet/poller"
)

// acceptedTCP makes a connection of a descriptor that the ring accepted. It
// owns sysfd, on errors too.
func (e *Engine) acceptedTCP(l *TCPListener, sysfd int) (*TCPConn, error) {
	local, remote, err := tcpAddrs(sysfd)
	if err != nil {
		closeSocket(sysfd)
		return nil, err
	}
	fd, err := e.rings.open(sysfd, poller.FDOptions{ReadAhead: true})
	if err != nil {
		closeSocket(sysfd)
		return nil, err
	}
	c := &TCPConn{conn{fd: fd, eng: e, net: l.net, addr: addrs{local, remote}}}
	l.acceptOptions(c)
	closeWhenLost(c, fd)
	return c, nil
}

// acceptedUnix is acceptedTCP for unix sockets.
func (e *Engine) acceptedUnix(l *UnixListener, sysfd int) (*UnixConn, error) {
	local, remote, err := unixAddrs(sysfd)
	if err != nil {
		closeSocket(sysfd)
		return nil, err
	}
	fd, err := e.rings.open(sysfd, poller.FDOptions{})
	if err != nil {
		closeSocket(sysfd)
		return nil, err
	}
	c := &UnixConn{conn: conn{fd: fd, eng: e, net: l.net, addr: addrs{local, remote}}}
	closeWhenLost(c, fd)
	return c, nil
}

// States of TCPListener.inherit.
const (
	inheritUnknown = iota // the first accepted connection will tell
	inheritYes            // accepted sockets have the options already
	inheritNo             // they must be set on each
)

// prepareInherit sets on the listening socket what every accepted connection
// is to have. TCP sockets inherit TCP_NODELAY and the keep-alive options from
// their listener (sk_clone_lock, net/core/sock.c), which saves five system
// calls a connection; whether it holds for this one, the first connection
// shows.
func (l *TCPListener) prepareInherit() {
	_ = setNoDelay(l.fd, true)
	if l.keepAlive.Enable {
		_ = setKeepAliveConfig(l.fd, l.keepAlive)
	}
}

// acceptOptions gives an accepted connection net's default options.
func (l *TCPListener) acceptOptions(c *TCPConn) {
	switch l.inherit.Load() {
	case inheritYes:
		return
	case inheritUnknown:
		state := int32(inheritNo)
		if hasOptions(c.fd, l.keepAlive) {
			state = inheritYes
		}
		l.inherit.Store(state)
		if state == inheritYes {
			return
		}
	}
	// As in net, a failure here does not fail the Accept.
	_ = setNoDelay(c.fd, true)
	if l.keepAlive.Enable {
		_ = setKeepAliveConfig(c.fd, l.keepAlive)
	}
}
