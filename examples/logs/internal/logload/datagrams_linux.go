package logload

import (
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Datagrams is a number of UDP sockets that send to one server.
type Datagrams struct {
	fds  []int
	msgs [][]byte // of each
}

// DialUDP opens n sockets.
func DialUDP(addr string, n int) (*Datagrams, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	d := &Datagrams{}
	for i := range n {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			d.Close()
			return nil, os.NewSyscallError("socket", err)
		}
		d.fds = append(d.fds, fd)
		d.msgs = append(d.msgs, []byte(message(i, 0)))
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().Unmap().As4()}); err != nil {
			d.Close()
			return nil, os.NewSyscallError("connect", err)
		}
	}
	return d, nil
}

// Send sends datagrams of a log each from the sockets in turn, on a fixed schedule of rate
// a second, for so long. It returns how many it sent; what the kernel had no room for is
// among them.
func (d *Datagrams) Send(rate int, length time.Duration) (sent uint64, err error) {
	begin := time.Now()
	total := uint64(float64(rate) * length.Seconds())
	for sent < total {
		due := min(total, uint64(time.Since(begin).Seconds()*float64(rate)))
		if due == sent {
			time.Sleep(50 * time.Microsecond)
			continue
		}
		for ; sent < due; sent++ {
			i := int(sent) % len(d.fds)
			if _, err := unix.Write(d.fds[i], d.msgs[i]); err != nil && err != unix.ENOBUFS && err != unix.EAGAIN && err != unix.EINTR {
				return sent, os.NewSyscallError("write", err)
			}
		}
	}
	return sent, nil
}

// Close closes the sockets.
func (d *Datagrams) Close() {
	for _, fd := range d.fds {
		unix.Close(fd)
	}
	d.fds = nil
}
