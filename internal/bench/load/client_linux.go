package load

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxEvents is how many ready connections one wait returns at most.
	maxEvents = 512
	// connectLimit bounds one connect.
	connectLimit = 5 * time.Second
)

// Client holds the connections to one server.
type Client struct {
	// Spin is whether the client asks for events over and over, in place of
	// sleeping until there are some. It needs a CPU of its own then, and the
	// server is spared the cost of waking it.
	Spin bool
	// Active, if not 0, is on how many of the connections there is load; the
	// others are idle.
	Active int

	secure   *tls.Config // nil: no TLS
	epfd     int
	conns    []conn
	exchange Exchange
	buf      []byte
	events   []unix.EpollEvent
	base     time.Time // zero of the client's clock
	inflight int       // connections that wait for a reply
	hist     Histogram // of the slice under way
	inTime   uint64    // requests done before the end of the slice

	pace Pace      // zero: a closed loop
	due  schedule  // of the slice under way, with a pace
	turn int       // connection of its first request
	late Histogram // how late its requests were sent
}

// conn is one connection. A request is under way while busy.
type conn struct {
	fd      int
	tls     *tls.Conn // nil: none
	seq     uint32
	sent    int   // bytes of the request that the kernel has taken
	got     int   // bytes of the reply so far
	start   int64 // when the request was sent
	busy    bool
	blocked bool   // waits for room to send
	served  uint64 // requests done in time since ResetFairness
	queue   queue
}

// Dial opens n connections to addr and plays one exchange on each, one after
// the other, so that all are known to work.
func Dial(addr string, n int, ex Exchange) (*Client, error) { return dial(addr, n, ex, nil) }

// DialTLS is Dial with TLS on every connection. Any certificate will do.
func DialTLS(addr string, n int, ex Exchange) (*Client, error) {
	return dial(addr, n, ex, &tls.Config{
		InsecureSkipVerify: true, // the server signs for itself, on loopback
	})
}

func dial(addr string, n int, ex Exchange, secure *tls.Config) (*Client, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	c := &Client{
		epfd: epfd, exchange: ex, base: time.Now(), secure: secure,
		buf:    make([]byte, maxMessage+1),
		events: make([]unix.EpollEvent, maxEvents),
		conns:  make([]conn, 0, n),
	}
	for i := range n {
		if err = c.open(ap); err == nil {
			err = c.playOne(i)
		}
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("connection %d of %d: %w", i+1, n, err)
		}
	}
	return c, nil
}

// open adds one connection.
func (c *Client) open(ap netip.AddrPort) error {
	fd, err := connect(ap, 0)
	if err != nil {
		return err
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(c.conns))}
	if err := unix.EpollCtl(c.epfd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		_ = unix.Close(fd)
		return os.NewSyscallError("epoll_ctl", err)
	}
	c.conns = append(c.conns, conn{fd: fd})
	if c.secure != nil {
		return c.handshake(&c.conns[len(c.conns)-1])
	}
	return nil
}

// connect returns a connected non-blocking socket. Segment, if not 0, is the
// length of the longest TCP segments: those of loopback have 64 KiB.
func connect(ap netip.AddrPort, segment int) (fd int, err error) {
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().Unmap().As4()}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	defer func() {
		if err != nil {
			_ = unix.Close(fd)
		}
	}()
	limit := unix.NsecToTimeval(connectLimit.Nanoseconds())
	if err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit); err != nil {
		return -1, os.NewSyscallError("setsockopt", err)
	}
	if segment > 0 {
		if err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG, segment); err != nil {
			return -1, os.NewSyscallError("setsockopt", err)
		}
	}
	for err = unix.Connect(fd, sa); err == unix.EINTR; {
		err = unix.Connect(fd, sa)
	}
	if err != nil && err != unix.EISCONN {
		return -1, os.NewSyscallError("connect", err)
	}
	if err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return -1, os.NewSyscallError("setsockopt", err)
	}
	if err = unix.SetNonblock(fd, true); err != nil {
		return -1, os.NewSyscallError("fcntl", err)
	}
	return fd, nil
}

// Close closes every connection.
func (c *Client) Close() {
	for i := range c.conns {
		_ = unix.Close(c.conns[i].fd)
	}
	c.conns = nil
	_ = unix.Close(c.epfd)
}

// now is the client's clock.
func (c *Client) now() int64 { return int64(time.Since(c.base)) }

// Latency holds the time of every request of the last slice.
func (c *Client) Latency() *Histogram { return &c.hist }

// ResetFairness begins a new count for Fairness.
func (c *Client) ResetFairness() {
	for i := range c.conns {
		c.conns[i].served = 0
	}
}

// Fairness returns the shares of the slowest and the fastest connection, as
// multiples of the mean, since ResetFairness.
func (c *Client) Fairness() (slowest, fastest float64) {
	served := make([]uint64, len(c.conns))
	for i := range c.conns {
		served[i] = c.conns[i].served
	}
	return shares(served)
}

// errHungUp is a server that closed a connection.
var errHungUp = errors.New("the server closed the connection")
