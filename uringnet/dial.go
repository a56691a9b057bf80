package uringnet

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Dial connects as net.Dial does, on the default engine. Networks other than
// tcp, tcp4, tcp6 and unix are answered by net with its own types.
func Dial(network, address string) (net.Conn, error) {
	return Default().Dial(network, address)
}

// DialTimeout is Dial with a timeout that covers name resolution too.
func DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	return Default().DialTimeout(network, address, timeout)
}

// DialTCP is net.DialTCP on the default engine.
func DialTCP(network string, laddr, raddr *net.TCPAddr) (*TCPConn, error) {
	return Default().DialTCP(network, laddr, raddr)
}

// DialUnix is net.DialUnix on the default engine. Networks other than "unix"
// are carried by net inside the UnixConn.
func DialUnix(network string, laddr, raddr *net.UnixAddr) (*UnixConn, error) {
	return Default().DialUnix(network, laddr, raddr)
}

// Dialer contains options for connecting; the fields mean what they mean in
// net.Dialer. The connect itself (resolution, RFC 6555 happy eyeballs,
// cancellation) is net's; the connection then moves to the ring.
type Dialer struct {
	Timeout         time.Duration
	Deadline        time.Time
	LocalAddr       net.Addr
	DualStack       bool // Deprecated: as in net.Dialer.
	FallbackDelay   time.Duration
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig
	Resolver        *net.Resolver
	Cancel          <-chan struct{} // Deprecated: as in net.Dialer.
	Control         func(network, address string, c syscall.RawConn) error
	ControlContext  func(ctx context.Context, network, address string, c syscall.RawConn) error
	// Engine carries the connection; nil means the default engine.
	Engine *Engine

	mptcp mptcpChoice
}

// std returns the equal dialer of net.
func (d *Dialer) std() *net.Dialer {
	n := &net.Dialer{
		Timeout:         d.Timeout,
		Deadline:        d.Deadline,
		LocalAddr:       d.LocalAddr,
		FallbackDelay:   d.FallbackDelay,
		KeepAlive:       d.KeepAlive,
		KeepAliveConfig: d.KeepAliveConfig,
		Resolver:        d.Resolver,
		Control:         d.Control,
		ControlContext:  d.ControlContext,
	}
	//lint:ignore SA1019 carried over for programs that still set them
	n.DualStack, n.Cancel = d.DualStack, d.Cancel
	if d.mptcp != mptcpDefault {
		n.SetMultipathTCP(d.mptcp == mptcpOn)
	}
	return n
}

// MultipathTCP reports whether MPTCP will be used, as net's does.
func (d *Dialer) MultipathTCP() bool { return d.std().MultipathTCP() }

// SetMultipathTCP directs Dial to use, or not to use, MPTCP.
func (d *Dialer) SetMultipathTCP(use bool) { d.mptcp = chooseMPTCP(use) }

func (d *Dialer) engine() *Engine {
	if d.Engine != nil {
		return d.Engine
	}
	return Default()
}

// Dial connects to the address.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to the address; ending ctx ends a connect in flight.
// Once connected, ctx does not affect the connection.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := d.std().DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return dialed(d.engine().adoptConn(c, network))
}

// DialTCP is net.Dialer's DialTCP.
func (d *Dialer) DialTCP(ctx context.Context, network string, laddr, raddr netip.AddrPort) (*TCPConn, error) {
	c, err := d.std().DialTCP(ctx, network, laddr, raddr)
	if err != nil {
		return nil, err
	}
	return d.engine().adoptTCP(c, network)
}

// DialUnix is net.Dialer's DialUnix.
func (d *Dialer) DialUnix(ctx context.Context, network string, laddr, raddr *net.UnixAddr) (*UnixConn, error) {
	c, err := d.std().DialUnix(ctx, network, laddr, raddr)
	if err != nil {
		return nil, err
	}
	return dialed(d.engine().adoptUnix(c, network))
}

// dialed marks a unix connection as made by a dial.
func dialed[C net.Conn](c C, err error) (C, error) {
	if u, ok := any(c).(*UnixConn); ok && u != nil {
		u.dialed = true
	}
	return c, err
}

// DialUDP is net's: packet sockets stay with the standard library.
func (d *Dialer) DialUDP(ctx context.Context, network string, laddr, raddr netip.AddrPort) (*net.UDPConn, error) {
	return d.std().DialUDP(ctx, network, laddr, raddr)
}

// DialIP is net's: packet sockets stay with the standard library.
func (d *Dialer) DialIP(ctx context.Context, network string, laddr, raddr netip.Addr) (*net.IPConn, error) {
	return d.std().DialIP(ctx, network, laddr, raddr)
}

// Dial is the package function Dial on this engine.
func (e *Engine) Dial(network, address string) (net.Conn, error) {
	d := Dialer{Engine: e}
	return d.Dial(network, address)
}

// DialTimeout is the package function DialTimeout on this engine.
func (e *Engine) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	d := Dialer{Engine: e, Timeout: timeout}
	return d.Dial(network, address)
}

// DialTCP is the package function DialTCP on this engine.
func (e *Engine) DialTCP(network string, laddr, raddr *net.TCPAddr) (*TCPConn, error) {
	c, err := net.DialTCP(network, laddr, raddr)
	if err != nil {
		return nil, err
	}
	return e.adoptTCP(c, network)
}

// DialUnix is the package function DialUnix on this engine.
func (e *Engine) DialUnix(network string, laddr, raddr *net.UnixAddr) (*UnixConn, error) {
	c, err := net.DialUnix(network, laddr, raddr)
	if err != nil {
		return nil, err
	}
	return dialed(e.adoptUnix(c, network))
}
