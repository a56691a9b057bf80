package load

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// rawNet is a descriptor of the loop as crypto/tls wants to see it. While it
// waits, as it does in the handshake, reads block; else they fail with
// errLater, which leaves a tls.Conn usable because it is temporary.
type rawNet struct {
	fd    int
	waits bool
}

// handshake puts TLS on a connection.
func (c *Client) handshake(k *conn) error {
	raw := &rawNet{fd: k.fd, waits: true}
	k.tls = tls.Client(raw, c.secure)
	err := k.tls.Handshake()
	raw.waits = false
	return err
}

// readyTLS reads all that is there: what TLS holds back shows in no event.
func (c *Client) readyTLS(i int, k *conn, end int64) error {
	for {
		n, err := k.tls.Read(c.buf)
		if n > 0 {
			if err := c.take(i, k, n, end); err != nil {
				return err
			}
		}
		switch err {
		case nil:
		case error(errLater):
			return nil
		case io.EOF:
			return errHungUp
		default:
			return err
		}
	}
}

func (r *rawNet) Read(b []byte) (int, error) {
	for {
		n, errno := rawRead(r.fd, b)
		switch {
		case errno == unix.EINTR:
		case errno == unix.EAGAIN && r.waits:
			if err := await(r.fd, unix.POLLIN); err != nil {
				return 0, err
			}
		case errno == unix.EAGAIN:
			return 0, errLater
		case errno != 0:
			return 0, os.NewSyscallError("read", errno)
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Write waits for room if there is none, which requests as short as these
// hardly ever need.
func (r *rawNet) Write(b []byte) (int, error) {
	sent := 0
	for sent < len(b) {
		n, errno := rawWrite(r.fd, b[sent:])
		switch errno {
		case 0:
			sent += n
		case unix.EINTR:
		case unix.EAGAIN:
			if err := await(r.fd, unix.POLLOUT); err != nil {
				return sent, err
			}
		default:
			return sent, os.NewSyscallError("write", errno)
		}
	}
	return sent, nil
}

// await waits until a descriptor is ready, connectLimit at most.
func await(fd int, events int16) error {
	p := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		n, err := unix.Poll(p, int(connectLimit/time.Millisecond))
		if err == unix.EINTR {
			continue
		}
		if err == nil && n == 0 {
			err = os.ErrDeadlineExceeded
		}
		return err
	}
}

// The rest of net.Conn is of no use here.

func (r *rawNet) Close() error                     { return nil }
func (r *rawNet) LocalAddr() net.Addr              { return nil }
func (r *rawNet) RemoteAddr() net.Addr             { return nil }
func (r *rawNet) SetDeadline(time.Time) error      { return nil }
func (r *rawNet) SetReadDeadline(time.Time) error  { return nil }
func (r *rawNet) SetWriteDeadline(time.Time) error { return nil }

// errLater says that there is nothing to read yet.
var errLater = later{}

type later struct{}

func (later) Error() string   { return "nothing to read yet" }
func (later) Timeout() bool   { return true }
func (later) Temporary() bool { return true }
