//go:build linux

package uringnet

import (
	"net"
	"strings"
	"syscall"

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

// prepareAccepted returns a Control function that sets on a socket, before it
// listens, what every connection accepted on it is to have, and then calls the
// user's. TCP sockets inherit TCP_NODELAY and the keep-alive options from their
// listener (sk_clone_lock, net/core/sock.c), which saves five system calls a
// connection; the first accepted connection shows whether it worked.
func prepareAccepted(user controlFunc, ka net.KeepAliveConfig) controlFunc {
	return func(network, address string, c syscall.RawConn) error {
		if strings.HasPrefix(network, "tcp") {
			_ = c.Control(func(fd uintptr) { setAcceptedOptions(sysStream(fd), ka) })
		}
		if user == nil {
			return nil
		}
		return user(network, address, c)
	}
}

// setAcceptedOptions gives a socket net's default options. As in net, a failure
// fails nothing.
func setAcceptedOptions(fd controller, ka net.KeepAliveConfig) {
	_ = setNoDelay(fd, true)
	if ka.Enable {
		_ = setKeepAliveConfig(fd, ka)
	}
}

// sysStream is a bare descriptor as a controller.
type sysStream uintptr

// Control implements controller.
func (s sysStream) Control(f func(uintptr)) error {
	f(uintptr(s))
	return nil
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
	setAcceptedOptions(c.fd, l.keepAlive)
}
