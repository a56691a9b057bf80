package logload

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/bench/load"
)

// Client is a number of connections to one server.
type Client struct {
	Latency load.Histogram // of the last timed run: from when a log was due to its acknowledgement

	epfd   int
	conns  []conn
	events []unix.EpollEvent
	in     []byte
	out    []byte
	base   time.Time
}

// conn is a connection.
type conn struct {
	fd      int
	batch   []byte  // rendered beforehand, of lines
	rest    []byte  // what the socket had no room for
	kept    []byte  // memory of rest
	txnr    int     // the next transaction
	due     []int64 // when the logs not acknowledged were due
	msg     string  // of RELP
	waiting bool    // for room in the socket
	half    int     // bytes of an acknowledgement that is not whole
}

var (
	errHungUp = errors.New("the server closed a connection")
	ackEnd    = []byte(" rsp 6 200 OK\n")
)

const connectLimit = 5 * time.Second

// Dial opens n connections; with acked, RELP sessions.
func Dial(addr string, n int, acked bool) (*Client, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	c := &Client{epfd: epfd, events: make([]unix.EpollEvent, 512), in: make([]byte, 64<<10), base: time.Now()}
	for i := range n {
		if err := c.open(ap, i, acked); err != nil {
			c.Close()
			return nil, fmt.Errorf("connection %d of %d: %w", i+1, n, err)
		}
	}
	return c, nil
}

func (c *Client) open(ap netip.AddrPort, i int, acked bool) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	c.conns = append(c.conns, conn{fd: fd, msg: message(i, 0)})
	limit := unix.NsecToTimeval(connectLimit.Nanoseconds())
	if err := errors.Join(unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	sa := &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().Unmap().As4()}
	err = unix.Connect(fd, sa)
	for err == unix.EINTR || err == unix.EALREADY {
		err = unix.Connect(fd, sa)
	}
	if err != nil && err != unix.EISCONN {
		return os.NewSyscallError("connect", err)
	}
	if acked {
		if err := c.session(&c.conns[i]); err != nil {
			return err
		}
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(c.epfd, unix.EPOLL_CTL_ADD, fd, &ev))
}

// session opens a RELP session.
func (c *Client) session(x *conn) error {
	_, err := unix.Write(x.fd, openFrame)
	for err == unix.EINTR { // of so few bytes, none was written
		_, err = unix.Write(x.fd, openFrame)
	}
	if err != nil {
		return os.NewSyscallError("write", err)
	}
	got := 0
	for !bytes.HasSuffix(c.in[:got], []byte("commands=syslog\n")) {
		n, err := unix.Read(x.fd, c.in[got:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return fmt.Errorf("RELP open: %q, %v", c.in[:got], err)
		}
		got += n
	}
	x.txnr = 2
	return nil
}

// Close closes all connections.
func (c *Client) Close() {
	for i := range c.conns {
		_ = unix.Close(c.conns[i].fd)
	}
	_ = unix.Close(c.epfd)
}

func (c *Client) now() int64 { return int64(time.Since(c.base)) }

// send sends b, or keeps what the socket has no room for.
func (c *Client) send(i int, b []byte) error {
	x := &c.conns[i]
	if len(x.rest) > 0 {
		x.rest = append(x.rest, b...)
		return nil
	}
	n, err := unix.Write(x.fd, b)
	if err != nil && err != unix.EAGAIN && err != unix.EINTR {
		return os.NewSyscallError("write", err)
	}
	if n = max(n, 0); n < len(b) {
		x.kept = append(x.kept[:0], b[n:]...)
		x.rest = x.kept
		return c.wait(i, true)
	}
	return nil
}

// wait asks to be told of room in the socket, or no more.
func (c *Client) wait(i int, on bool) error {
	x := &c.conns[i]
	if x.waiting == on {
		return nil
	}
	x.waiting = on
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	if on {
		ev.Events |= unix.EPOLLOUT
	}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(c.epfd, unix.EPOLL_CTL_MOD, x.fd, &ev))
}

// sendRest sends what was kept.
func (c *Client) sendRest(i int) error {
	x := &c.conns[i]
	for len(x.rest) > 0 {
		n, err := unix.Write(x.fd, x.rest)
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("write", err)
		}
		x.rest = x.rest[max(n, 0):]
	}
	return c.wait(i, false)
}

// read takes acknowledgements and returns how many came.
func (c *Client) read(i int) (acks int, err error) {
	x := &c.conns[i]
	n, err := unix.Read(x.fd, c.in)
	if err == unix.EAGAIN || err == unix.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, os.NewSyscallError("read", err)
	}
	if n == 0 {
		return 0, errHungUp
	}
	now := c.now()
	for b := c.in[:n]; ; {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			x.half += len(b)
			return acks, nil
		}
		if x.half == 0 && !bytes.HasSuffix(b[:end+1], ackEnd) {
			return acks, fmt.Errorf("not an acknowledgement: %q", b[:end])
		}
		x.half, b = 0, b[end+1:]
		if acks == len(x.due) {
			return acks, errors.New("more acknowledgements than logs")
		}
		c.Latency.Record(now - x.due[acks])
		acks++
		if len(b) == 0 {
			x.due = x.due[:copy(x.due, x.due[acks:])]
			return acks, nil
		}
	}
}
