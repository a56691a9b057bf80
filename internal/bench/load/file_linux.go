package load

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// FilesOptions say how Files moves files.
type FilesOptions struct {
	Conns int // at a time
	// Unit is the length of an operation, and Size that of a file: a multiple.
	Unit, Size int
	// Upload is whether the server takes a file on each connection, until the
	// client ends its side, and closes; else it sends one and closes.
	Upload bool
	// Get, if not "", is the path that an HTTP server is asked for the file at.
	Get string
	// Segment, if not 0, is the length of the longest TCP segments.
	Segment int
	Spin    bool
}

// Files has a server send a file, or take one, on fresh connections.
type Files struct {
	flows
	o            FilesOptions
	request      []byte // that a file is asked for with
	buf, pattern []byte
}

// NewFiles returns a load of files.
func NewFiles(addr string, o FilesOptions) (*Files, error) {
	f, err := newFlows(addr)
	if err != nil {
		return nil, err
	}
	l := &Files{flows: f, o: o, buf: make([]byte, readLen), pattern: newPattern(readLen)}
	if o.Get != "" {
		l.request = []byte("GET " + o.Get + " HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
	}
	l.Spin, l.segment = o.Spin, o.Segment
	return l, nil
}

// Run moves a file on each connection, whatever d is.
func (l *Files) Run(d time.Duration) (Slice, error) {
	begin := time.Now()
	defer l.closeConns()
	if err := l.dial(l.o.Conns); err != nil {
		return Slice{}, err
	}
	if err := l.ask(); err != nil {
		return Slice{}, err
	}
	events := uint32(unix.EPOLLIN)
	if l.o.Upload {
		events |= unix.EPOLLOUT
	}
	if err := l.want(events); err != nil {
		return Slice{}, err
	}
	for busy := l.o.Conns; busy > 0; {
		if tooLong(begin, d) {
			return Slice{}, fmt.Errorf("%d of %d files are not done after %v", busy, l.o.Conns, time.Since(begin))
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
	count := units(l.o.Conns*l.o.Size, l.o.Unit)
	return Slice{Requests: count, Total: count, Length: time.Since(begin)}, nil
}

// serve handles an event and says whether the file is done.
func (l *Files) serve(i int, events uint32) (done bool, err error) {
	x := &l.conns[i]
	if l.o.Upload && events&unix.EPOLLOUT != 0 && x.off < l.o.Size {
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
	case n == 0 && x.off != l.o.Size:
		return false, fmt.Errorf("file of %d bytes ended after %d", l.o.Size, x.off)
	case n == 0:
		// Whatever events are asked for, a hang-up is reported for ever.
		return true, os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.epfd, unix.EPOLL_CTL_DEL, x.fd, nil))
	case l.o.Upload:
		return false, errors.New("the server answered a file that it was to take")
	}
	return false, l.take(x, l.buf[:n])
}

// ask asks for the files.
func (l *Files) ask() error {
	for i := range l.conns {
		x := &l.conns[i]
		if x.rest = l.request; len(x.rest) == 0 {
			continue
		}
		if _, err := x.push(); err != nil {
			return err
		}
		if len(x.rest) > 0 {
			return errors.New("no room for a request")
		}
		x.header = true
	}
	return nil
}

// take handles bytes of the file, and of the header before them.
func (l *Files) take(x *flow, b []byte) error {
	if x.header {
		header, body, found := bytes.Cut(b, []byte("\r\n\r\n"))
		if !found || !bytes.HasPrefix(header, []byte(httpStatus)) {
			return fmt.Errorf("the reply begins %q", head(b))
		}
		if x.header, b = false, body; len(b) == 0 {
			return nil
		}
	}
	if x.off+len(b) > l.o.Size {
		return fmt.Errorf("file is longer than %d bytes", l.o.Size)
	}
	err := checkPattern(l.pattern, b, x.off)
	x.off += len(b)
	return err
}

// send sends more of the file.
func (l *Files) send(i int, x *flow) error {
	if len(x.rest) == 0 {
		from := x.off % patternLen
		x.rest = l.pattern[from : from+min(readLen, l.o.Size-x.off)]
	}
	n, err := x.push()
	if x.off += n; err != nil || x.off < l.o.Size {
		return err
	}
	if err := unix.Shutdown(x.fd, unix.SHUT_WR); err != nil {
		return os.NewSyscallError("shutdown", err)
	}
	return l.wantOne(i, unix.EPOLLIN)
}
