package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/godzie44/go-uring/uring"
	"golang.org/x/sys/unix"
)

// ringLoop is a thread with a go-uring ring of its own. There is never more
// than one operation under way for a connection.
type ringLoop struct {
	s     *server
	ring  *uring.Ring
	conns map[int]*ringConn
	// pipe is where the descriptors of new connections come from, four bytes
	// each: a loop that waits for its ring cannot wait for anything else.
	pipe    int
	arrived [4]byte
	read    *uring.ReadOp
}

type ringConn struct {
	ringSession
	recv *uring.RecvOp
	send *uring.SendOp
}

// startRings serves with go-uring's rings alone: a thread for each CPU.
func startRings(s *server) (string, error) {
	lfd, addr, err := listenFD()
	if err != nil {
		return "", err
	}
	var feeds []int
	for range runtime.GOMAXPROCS(0) {
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			return "", os.NewSyscallError("pipe2", err)
		}
		feeds = append(feeds, p[1])
		l := &ringLoop{s: s, conns: make(map[int]*ringConn), pipe: p[0]}
		if l.ring, err = uring.New(gouringEntries, uring.WithCQSize(2*gouringEntries)); err != nil {
			return "", err
		}
		go func() { s.stopped(l.run()) }()
	}
	go func() { s.stopped(feed(lfd, feeds)) }()
	return addr, nil
}

// feed accepts connections and gives them to the loops in turn.
func feed(lfd int, feeds []int) error {
	var b [4]byte
	for i := 0; ; {
		fd, _, err := unix.Accept4(lfd, unix.SOCK_CLOEXEC)
		switch err {
		case nil:
		case unix.EINTR, unix.ECONNABORTED:
			continue
		default:
			return os.NewSyscallError("accept4", err)
		}
		binary.NativeEndian.PutUint32(b[:], uint32(fd))
		if _, err := unix.Write(feeds[i%len(feeds)], b[:]); err != nil {
			return os.NewSyscallError("write", err)
		}
		i++
	}
}

func (l *ringLoop) run() error {
	runtime.LockOSThread()
	l.read = uring.Read(uintptr(l.pipe), l.arrived[:], 0)
	if err := l.queue(l.read, l.pipe); err != nil {
		return err
	}
	events := make([]*uring.CQEvent, gouringEntries)
	for {
		_, err := l.ring.SubmitAndWaitCQEvents(1)
		if err != nil && !errors.Is(err, syscall.EINTR) && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EBUSY) {
			return err
		}
		n := l.ring.PeekCQEventBatch(events)
		for _, e := range events[:n] {
			if err := l.completed(int(e.UserData), e.Res); err != nil {
				return err
			}
		}
		l.ring.AdvanceCQ(uint32(n))
	}
}

// queue queues an operation, and submits those before it if there are too many.
func (l *ringLoop) queue(op uring.Operation, fd int) error {
	err := l.ring.QueueSQE(op, 0, uint64(fd))
	if !errors.Is(err, uring.ErrSQOverflow) {
		return err
	}
	if _, err := l.ring.Submit(); err != nil {
		return err
	}
	return l.ring.QueueSQE(op, 0, uint64(fd))
}

func (l *ringLoop) completed(fd int, res int32) error {
	if fd == l.pipe {
		return l.opened(res)
	}
	c := l.conns[fd]
	if c == nil {
		return fmt.Errorf("a completion for %d, which is no connection", fd)
	}
	if res == -int32(unix.EINTR) || res == -int32(unix.EAGAIN) {
		return l.again(c)
	}
	if res <= 0 {
		return l.close(c)
	}
	c.took(l.s, int(res))
	return l.next(c)
}

// opened takes a connection from the pipe and asks for the next one.
func (l *ringLoop) opened(res int32) error {
	if res == int32(len(l.arrived)) {
		c := &ringConn{ringSession: newRingSession(l.s, int(binary.NativeEndian.Uint32(l.arrived[:])))}
		c.send = uring.Send(uintptr(c.fd), nil, unix.MSG_NOSIGNAL)
		if c.buf != nil {
			c.recv = uring.Recv(uintptr(c.fd), c.buf, 0)
		}
		l.conns[c.fd] = c
		if err := l.next(c); err != nil {
			return err
		}
	} else if res != -int32(unix.EINTR) && res != -int32(unix.EAGAIN) {
		return fmt.Errorf("reading the descriptor of a connection: result %d", res)
	}
	return l.queue(l.read, l.pipe)
}

// next sends what is to be sent, or receives.
func (l *ringLoop) next(c *ringConn) error {
	if !c.ringSession.next(l.s) {
		return l.close(c)
	}
	return l.again(c)
}

func (l *ringLoop) again(c *ringConn) error {
	if c.sending {
		c.send.SetBuffer(c.out)
		return l.queue(c.send, c.fd)
	}
	return l.queue(c.recv, c.fd)
}

func (l *ringLoop) close(c *ringConn) error {
	delete(l.conns, c.fd)
	return os.NewSyscallError("close", unix.Close(c.fd))
}
