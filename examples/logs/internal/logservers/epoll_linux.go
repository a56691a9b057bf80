package logservers

import (
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/examples/logs/frame"
	"github.com/uringnet/go-uringnet/examples/logs/relp"
)

// epollServer is the seed's baseline: one thread that waits in epoll, reads
// 4 KiB from whoever has something, processes it and writes it to disk, one by
// one.
type epollServer struct {
	o     Options
	t     *tally
	epfd  int
	seg   segment
	conns map[int32]*epollConn
	buf   [4096]byte
	out   []byte
	acks  []byte
}

// epollConn is a connection of either kind.
type epollConn struct {
	lines *frame.Splitter
	relp  *relp.Parser
	late  []byte // acknowledgements that the socket had no room for
}

func serveEpoll(o Options, t *tally, lines, acked *net.TCPListener) error {
	runtime.LockOSThread()
	s := &epollServer{o: o, t: t, seg: segment{dir: o.Dir}, conns: map[int32]*epollConn{}}
	var err error
	if s.epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	var listeners [2]int32
	for i, ln := range []*net.TCPListener{lines, acked} {
		f, err := ln.File() // a descriptor outside of the runtime's own epoll
		if err != nil {
			return err
		}
		defer f.Close()
		listeners[i] = int32(f.Fd())
		if err := s.watch(int(listeners[i]), unix.EPOLLIN); err != nil {
			return err
		}
	}
	events := make([]unix.EpollEvent, 1024)
	for {
		n, err := unix.EpollWait(s.epfd, events, -1)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return os.NewSyscallError("epoll_wait", err)
		}
		for _, ev := range events[:n] {
			switch ev.Fd {
			case listeners[0]:
				err = s.accept(int(ev.Fd), false)
			case listeners[1]:
				err = s.accept(int(ev.Fd), true)
			default:
				err = s.serve(ev.Fd)
			}
			if err != nil {
				return err
			}
		}
	}
}

func (s *epollServer) watch(fd int, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(s.epfd, unix.EPOLL_CTL_ADD, fd, &ev))
}

func (s *epollServer) accept(ln int, acked bool) error {
	fd, _, err := unix.Accept4(ln, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		return nil // gone again
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	c := &epollConn{}
	if acked {
		c.relp = relp.NewParser(maxLine)
	} else {
		c.lines = frame.NewSplitter(maxLine)
	}
	s.conns[int32(fd)] = c
	return s.watch(fd, unix.EPOLLIN)
}

// serve reads once, processes, writes, syncs and acknowledges. An error is of
// the disk.
func (s *epollServer) serve(fd int32) error {
	c := s.conns[fd]
	n, err := unix.Read(int(fd), s.buf[:])
	if err == unix.EAGAIN || err == unix.EINTR {
		return nil
	}
	if n <= 0 {
		s.drop(fd)
		return nil
	}
	logs, ok := s.process(c, s.buf[:n])
	if len(s.out) > 0 {
		if err := s.seg.write(s.out); err != nil {
			return err
		}
		if s.o.Sync {
			if err := datasync(s.seg.f); err != nil {
				return err
			}
		}
	}
	s.t.stored.Add(logs)
	if !ok || !s.answer(fd, c) {
		s.drop(fd)
	}
	return nil
}

// process parses a chunk into s.out and s.acks.
func (s *epollServer) process(c *epollConn, b []byte) (logs uint64, ok bool) {
	now := time.Now()
	s.out, s.acks = s.out[:0], s.acks[:0]
	if c.relp == nil {
		c.lines.Feed(b, func(msg []byte) bool {
			s.out = s.t.process(s.out, msg, now)
			logs++
			return true
		})
		return logs, true
	}
	_, err := c.relp.Feed(b, func(txnr uint32, msg []byte) bool {
		s.out = s.t.process(s.out, msg, now)
		s.acks = relp.AppendAck(s.acks, txnr)
		logs++
		return true
	})
	s.acks = append(s.acks, c.relp.Out...)
	c.relp.Out = c.relp.Out[:0]
	return logs, err == nil
}

// answer sends the acknowledgements. What the socket has no room for goes with
// the next ones.
func (s *epollServer) answer(fd int32, c *epollConn) bool {
	b := s.acks
	if len(c.late) > 0 {
		c.late = append(c.late, b...)
		b = c.late
	}
	if len(b) == 0 {
		return true
	}
	n, err := unix.Write(int(fd), b)
	if err != nil && err != unix.EAGAIN {
		return false
	}
	c.late = append(c.late[:0], b[max(n, 0):]...)
	return true
}

func (s *epollServer) drop(fd int32) {
	delete(s.conns, fd)
	_ = unix.Close(int(fd))
}

func datasync(f *os.File) error { return os.NewSyscallError("fdatasync", unix.Fdatasync(int(f.Fd()))) }
