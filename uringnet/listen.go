package uringnet

import (
	"context"
	"net"
	"syscall"
	"time"
)

// Listen announces on the local network address as net.Listen does, on the
// default engine. Networks other than tcp, tcp4, tcp6 and unix are answered
// by net.
func Listen(network, address string) (net.Listener, error) {
	return Default().Listen(network, address)
}

// ListenTCP is net.ListenTCP on the default engine.
func ListenTCP(network string, laddr *net.TCPAddr) (*TCPListener, error) {
	return Default().ListenTCP(network, laddr)
}

// ListenUnix is net.ListenUnix on the default engine. Network "unixpacket" is
// carried by net inside the UnixListener.
func ListenUnix(network string, laddr *net.UnixAddr) (*UnixListener, error) {
	return Default().ListenUnix(network, laddr)
}

// ListenConfig contains options for listening, as net.ListenConfig's.
type ListenConfig struct {
	// Control is called on the socket before it is bound.
	Control func(network, address string, c syscall.RawConn) error
	// KeepAlive is the keep-alive period of accepted connections: 0 means
	// the default (15 s), negative none. Ignored if KeepAliveConfig.Enable.
	KeepAlive time.Duration
	// KeepAliveConfig is the keep-alive configuration of accepted connections.
	KeepAliveConfig net.KeepAliveConfig
	// Engine carries the listener; nil means the default engine.
	Engine *Engine

	mptcp mptcpChoice
}

type controlFunc = func(network, address string, c syscall.RawConn) error

// mptcpChoice remembers whether a program chose about MPTCP.
type mptcpChoice uint8

const (
	mptcpDefault mptcpChoice = iota
	mptcpOn
	mptcpOff
)

func chooseMPTCP(use bool) mptcpChoice {
	if use {
		return mptcpOn
	}
	return mptcpOff
}

// std returns the equal configuration of net.
func (lc *ListenConfig) std() *net.ListenConfig {
	n := &net.ListenConfig{Control: lc.Control, KeepAlive: lc.KeepAlive, KeepAliveConfig: lc.KeepAliveConfig}
	if lc.mptcp != mptcpDefault {
		n.SetMultipathTCP(lc.mptcp == mptcpOn)
	}
	return n
}

// MultipathTCP reports whether MPTCP will be used, as net's does.
func (lc *ListenConfig) MultipathTCP() bool { return lc.std().MultipathTCP() }

// SetMultipathTCP directs Listen to use, or not to use, MPTCP.
func (lc *ListenConfig) SetMultipathTCP(use bool) { lc.mptcp = chooseMPTCP(use) }

func (lc *ListenConfig) engine() *Engine {
	if lc.Engine != nil {
		return lc.Engine
	}
	return Default()
}

// Listen announces on the local network address.
func (lc *ListenConfig) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	n := lc.std()
	o := listenerOptions{keepAlive: acceptedKeepAlive(lc.KeepAlive, lc.KeepAliveConfig)}
	if lc.engine().rings != nil {
		o.prepared = true
		n.Control = prepareAccepted(lc.Control, o.keepAlive)
	}
	ln, err := n.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return lc.engine().adoptListener(ln, network, o)
}

// ListenPacket is net's: packet sockets stay with the standard library.
func (lc *ListenConfig) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	return lc.std().ListenPacket(ctx, network, address)
}

// acceptedKeepAlive returns the keep-alive setting that net gives to accepted
// and dialed connections under the two fields of ListenConfig and Dialer.
func acceptedKeepAlive(idle time.Duration, config net.KeepAliveConfig) net.KeepAliveConfig {
	if !config.Enable && idle >= 0 {
		return net.KeepAliveConfig{Enable: true, Idle: idle}
	}
	return config
}

// Listen is the package function Listen on this engine.
func (e *Engine) Listen(network, address string) (net.Listener, error) {
	lc := ListenConfig{Engine: e}
	return lc.Listen(context.Background(), network, address)
}

// ListenTCP is the package function ListenTCP on this engine.
func (e *Engine) ListenTCP(network string, laddr *net.TCPAddr) (*TCPListener, error) {
	ln, err := net.ListenTCP(network, laddr)
	if err != nil {
		return nil, err
	}
	return e.adoptTCPListener(ln, network, listenerOptions{keepAlive: acceptedKeepAlive(0, net.KeepAliveConfig{})})
}

// ListenUnix is the package function ListenUnix on this engine.
func (e *Engine) ListenUnix(network string, laddr *net.UnixAddr) (*UnixListener, error) {
	ln, err := net.ListenUnix(network, laddr)
	if err != nil {
		return nil, err
	}
	return e.adoptUnixListener(ln, network, listenerOptions{})
}
