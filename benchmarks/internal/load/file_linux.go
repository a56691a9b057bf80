package load

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Files has a server send a file, or take one, on fresh connections.
type Files struct {
	flows
	n            int // connections at a time
	unit, size   int
	upload       bool
	buf, pattern []byte
}

// NewFiles returns a load of n files at a time, each of size bytes, a multiple
// of unit. A server of files sends one on each connection and closes it; with
// upload, it takes one until the client ends its side, and closes.
func NewFiles(addr string, n, unit, size int, upload, spin bool) (*Files, error) {
	f, err := newFlows(addr)
	if err != nil {
		return nil, err
	}
	l := &Files{flows: f, n: n, unit: unit, size: size, upload: upload, buf: make([]byte, readLen), pattern: newPattern(readLen)}
	l.Spin = spin
	return l, nil
}

// Run moves a file on each connection, whatever d is.
func (l *Files) Run(d time.Duration) (Slice, error) {
	begin := time.Now()
	defer l.closeConns()
	if err := l.dial(l.n); err != nil {
		return Slice{}, err
	}
	events := uint32(unix.EPOLLIN)
	if l.upload {
		events |= unix.EPOLLOUT
	}
	if err := l.want(events); err != nil {
		return Slice{}, err
	}
	for busy := l.n; busy > 0; {
		if tooLong(begin, d) {
			return Slice{}, fmt.Errorf("%d of %d files are not done after %v", busy, l.n, time.Since(begin))
		}
		events, err := l.poll()
		if err != nil {
			return Slice{}, err
		}
		for _, ev := range events {
			done, err := l.serve(int(ev.Fd), ev.Events)
			if err != nil {
				return Slice{}, err
			}
			if done {
				busy--
			}
		}
	}
	count := units(l.n*l.size, l.unit)
	return Slice{Requests: count, Total: count, Length: time.Since(begin)}, nil
}

// serve handles an event and says whether the file is done.
func (l *Files) serve(i int, events uint32) (done bool, err error) {
	x := &l.conns[i]
	if l.upload && events&unix.EPOLLOUT != 0 && x.off < l.size {
		return false, l.send(i, x)
	}
	if events&^unix.EPOLLOUT == 0 {
		return false, nil
	}
	n, errno := rawRead(x.fd, l.buf)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return false, nil
	case errno != 0:
		return false, os.NewSyscallError("read", errno)
	case n == 0 && x.off != l.size:
		return false, fmt.Errorf("file of %d bytes ended after %d", l.size, x.off)
	case n == 0:
		// Whatever events are asked for, a hang-up is reported for ever.
		return true, os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.epfd, unix.EPOLL_CTL_DEL, x.fd, nil))
	case l.upload:
		return false, errors.New("the server answered a file that it was to take")
	case x.off+n > l.size:
		return false, fmt.Errorf("file is longer than %d bytes", l.size)
	}
	err = checkPattern(l.pattern, l.buf[:n], x.off)
	x.off += n
	return false, err
}

// send sends more of the file.
func (l *Files) send(i int, x *flow) error {
	if len(x.rest) == 0 {
		from := x.off % patternLen
		x.rest = l.pattern[from : from+min(readLen, l.size-x.off)]
	}
	n, err := x.push()
	if x.off += n; err != nil || x.off < l.size {
		return err
	}
	if err := unix.Shutdown(x.fd, unix.SHUT_WR); err != nil {
		return os.NewSyscallError("shutdown", err)
	}
	return l.wantOne(i, unix.EPOLLIN)
}
