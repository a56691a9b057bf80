package main

import (
	"context"
	"net"

	"github.com/cloudwego/netpoll"
)

// startNetpoll serves with netpoll: its pollers read, and its goroutines answer
// with the reader and writer that do not copy. The number of pollers is its
// default, one for every 20 CPUs, which is what its authors recommend.
func startNetpoll(s *server) (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	request := netpollEcho
	var opts []netpoll.Option
	switch s.proto {
	case "sink":
		request = s.netpollSink
	case "source", "file":
		// Input is ignored: the request handler is only there to discard it.
		request = s.netpollSink
		opts = append(opts, netpoll.WithOnConnect(s.netpollSend))
	}
	loop, err := netpoll.NewEventLoop(request, opts...)
	if err != nil {
		return "", err
	}
	go func() { s.stopped(loop.Serve(ln)) }()
	return ln.Addr().String(), nil
}

func netpollEcho(_ context.Context, c netpoll.Connection) error {
	r, w := c.Reader(), c.Writer()
	b, err := r.Next(r.Len())
	if err != nil {
		return err
	}
	if _, err := w.WriteBinary(b); err != nil {
		return err
	}
	// Flush returns when all is written, so what was read may be released.
	if err := w.Flush(); err != nil {
		return err
	}
	return r.Release()
}

func (s *server) netpollSink(_ context.Context, c netpoll.Connection) error {
	r := c.Reader()
	n := r.Len()
	if err := r.Skip(n); err != nil {
		return err
	}
	s.received.Add(uint64(n))
	return r.Release()
}

// netpollSend writes the content, in a goroutine of netpoll's.
func (s *server) netpollSend(ctx context.Context, c netpoll.Connection) context.Context {
	defer func() { _ = c.Close() }()
	w := c.Writer()
	for off := int64(0); ; {
		b := s.content.at(off)
		if len(b) == 0 {
			return ctx
		}
		if _, err := w.WriteBinary(b); err != nil {
			return ctx
		}
		if err := w.Flush(); err != nil {
			return ctx
		}
		off += int64(len(b))
	}
}
