//go:build iouringgo

package main

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/iceber/iouring-go"
	"golang.org/x/sys/unix"
)

const (
	// iouringEntries is also how many requests are submitted at once at most.
	iouringEntries = 4096
	iouringCQ      = 4 * iouringEntries
)

// iouringLoop is a ring of iouring-go's and the goroutine that takes its
// results. All requests that one round of results leads to are submitted
// together, as submitting each by itself is a system call each.
type iouringLoop struct {
	s       *server
	ring    *iouring.IOURing
	results chan iouring.Result
	pending []iouring.PrepRequest
}

// startIouringGo serves with iouring-go: a ring for each CPU.
func startIouringGo(s *server) (string, error) {
	lfd, addr, err := listenFD()
	if err != nil {
		return "", err
	}
	var loops []*iouringLoop
	for range runtime.GOMAXPROCS(0) {
		ring, err := iouring.New(iouringEntries, iouring.WithCQSize(iouringCQ))
		if err != nil {
			return "", err
		}
		l := &iouringLoop{s: s, ring: ring, results: make(chan iouring.Result, iouringEntries)}
		loops = append(loops, l)
		go func() { s.stopped(l.run()) }()
	}
	go func() { s.stopped(acceptInto(lfd, loops)) }()
	return addr, nil
}

// acceptInto accepts connections with the first ring and gives them to all
// rings in turn.
func acceptInto(lfd int, loops []*iouringLoop) error {
	accepted := make(chan iouring.Result, 1)
	for i := 0; ; i++ {
		if _, err := loops[0].ring.SubmitRequest(iouring.Accept(lfd), accepted); err != nil {
			return err
		}
		r := <-accepted
		fd, ok := r.ReturnValue0().(int)
		if err := r.Err(); err != nil || !ok {
			if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ECONNABORTED) {
				continue
			}
			return fmt.Errorf("accept: %w", err)
		}
		l := loops[i%len(loops)]
		c := newRingSession(l.s, fd)
		request := l.next(&c)
		if request == nil {
			continue
		}
		if _, err := l.ring.SubmitRequest(request, l.results); err != nil {
			return err
		}
	}
}

func (l *iouringLoop) run() error {
	for {
		l.take(<-l.results)
		for more := true; more && len(l.pending) < iouringEntries; {
			select {
			case r := <-l.results:
				l.take(r)
			default:
				more = false
			}
		}
		if err := l.submit(); err != nil {
			return err
		}
	}
}

func (l *iouringLoop) submit() (err error) {
	switch len(l.pending) {
	case 0:
	case 1:
		_, err = l.ring.SubmitRequest(l.pending[0], l.results)
	default:
		_, err = l.ring.SubmitRequests(l.pending, l.results)
	}
	clear(l.pending)
	l.pending = l.pending[:0]
	return err
}

// take goes on with the connection that a result is for.
func (l *iouringLoop) take(r iouring.Result) {
	c := r.GetRequestInfo().(*ringSession)
	// Recv and Send of this version leave Err and ReturnInt unset, so the result
	// is taken as the kernel gave it.
	n, err := r.(iouring.Request).GetRes()
	if n == -int(unix.EINTR) || n == -int(unix.EAGAIN) {
		l.pending = append(l.pending, l.request(c))
		return
	}
	if err != nil || n <= 0 {
		_ = unix.Close(c.fd)
		return
	}
	c.took(l.s, n)
	if request := l.next(c); request != nil {
		l.pending = append(l.pending, request)
	}
}

// next is the next request of a connection: to send what is to be sent, or to
// receive. It is nil if all is sent, and then the connection is closed.
func (l *iouringLoop) next(c *ringSession) iouring.PrepRequest {
	if !c.next(l.s) {
		_ = unix.Close(c.fd)
		return nil
	}
	return l.request(c)
}

func (l *iouringLoop) request(c *ringSession) iouring.PrepRequest {
	if c.sending {
		return iouring.Send(c.fd, c.out, unix.MSG_NOSIGNAL).WithInfo(c)
	}
	return iouring.Recv(c.fd, c.buf, 0).WithInfo(c)
}
