package load

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Acceptor connects, sends one echo request, takes the reply and closes, over
// and over in a number of places. It resets its connections, so that none
// keeps a port for a minute after its end.
type Acceptor struct {
	flows
	places []place
	msg    []byte
	buf    []byte
	sa     unix.SockaddrInet4
}

// place is where one connection at a time is.
type place struct {
	fd    int // -1: none
	start time.Time
	got   int
	sent  bool
}

// maxAccepts is how many connections a run makes at most.
const maxAccepts = 100_000

// NewAcceptor returns a load of so many connections at a time, with messages
// of size bytes.
func NewAcceptor(addr string, places, size int, spin bool) (*Acceptor, error) {
	f, err := newFlows(addr)
	if err != nil {
		return nil, err
	}
	a := &Acceptor{flows: f, places: make([]place, places), msg: newPattern(size)[:size], buf: make([]byte, size+1)}
	a.sa = unix.SockaddrInet4{Port: int(f.addr.Port()), Addr: f.addr.Addr().Unmap().As4()}
	a.Spin = spin
	for i := range a.places {
		a.places[i].fd = -1
	}
	return a, nil
}

// Close closes everything.
func (a *Acceptor) Close() {
	for i := range a.places {
		if fd := a.places[i].fd; fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	a.flows.Close()
}

// Run makes connections for d and ends those that are under way.
func (a *Acceptor) Run(d time.Duration) (s Slice, err error) {
	a.hist.Reset()
	begin := time.Now()
	started := len(a.places)
	for i := range a.places {
		if err := a.open(i); err != nil {
			return s, err
		}
	}
	for busy := len(a.places); busy > 0; {
		if tooLong(begin, d) {
			return s, fmt.Errorf("%d connections got no reply within %v", busy, time.Since(begin))
		}
		events, err := a.poll()
		if err != nil {
			return s, err
		}
		for _, ev := range events {
			done, err := a.serve(int(ev.Fd), ev.Events)
			if err != nil {
				return s, fmt.Errorf("after %d connections: %w", started, err)
			}
			if !done {
				continue
			}
			s.Total++
			if time.Since(begin) < d {
				s.Requests++
				if started < maxAccepts {
					started++
					if err := a.open(int(ev.Fd)); err != nil {
						return s, err
					}
					continue
				}
			}
			busy--
		}
	}
	s.Length = d
	if started >= maxAccepts {
		s.Length = min(d, time.Since(begin))
	}
	s.Drain = max(0, time.Since(begin)-d)
	return s, nil
}

// open begins a connection.
func (a *Acceptor) open(i int) error {
	p := &a.places[i]
	*p = place{fd: -1, start: time.Now()}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	p.fd = fd
	if err := unix.Connect(fd, &a.sa); err != nil && err != unix.EINPROGRESS {
		return os.NewSyscallError("connect", err)
	}
	ev := unix.EpollEvent{Events: unix.EPOLLOUT, Fd: int32(i)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(a.epfd, unix.EPOLL_CTL_ADD, fd, &ev))
}

// serve handles an event and says whether the connection is done.
func (a *Acceptor) serve(i int, events uint32) (done bool, err error) {
	p := &a.places[i]
	if !p.sent {
		return false, a.send(i, p)
	}
	n, errno := rawRead(p.fd, a.buf)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return false, nil
	case errno != 0:
		return false, os.NewSyscallError("read", errno)
	case n == 0:
		return false, errHungUp
	case p.got+n > len(a.msg) || !bytes.Equal(a.buf[:n], a.msg[p.got:p.got+n]):
		return false, errors.New("echo differs from what was sent")
	}
	if p.got += n; p.got < len(a.msg) {
		return false, nil
	}
	a.hist.Record(int64(time.Since(p.start)))
	err = unix.SetsockoptLinger(p.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	_ = unix.Close(p.fd)
	p.fd = -1
	return true, os.NewSyscallError("setsockopt", err)
}

// send sends the request once the connection is made.
func (a *Acceptor) send(i int, p *place) error {
	n, errno := rawWrite(p.fd, a.msg)
	if errno != 0 {
		return os.NewSyscallError("connect", errno)
	}
	if n != len(a.msg) {
		return errors.New("no room for a first request")
	}
	p.sent = true
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(a.epfd, unix.EPOLL_CTL_MOD, p.fd, &ev))
}
