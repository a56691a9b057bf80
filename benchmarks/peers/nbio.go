package main

import (
	"runtime"
	"sync"
	"time"

	"github.com/lesismal/nbio"
	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp"
)

// startNbio serves with nbio: a poller for each CPU that reads and answers by
// itself, which is nbio's default.
func startNbio(s *server) (string, error) {
	logging.SetLevel(logging.LevelError)
	e := nbio.NewEngine(nbio.Config{
		Network: "tcp4",
		Addrs:   []string{"127.0.0.1:0"},
		NPoller: runtime.GOMAXPROCS(0),
	})
	switch s.proto {
	case "echo":
		e.OnData(func(c *nbio.Conn, data []byte) { _, _ = c.Write(data) })
	case "sink":
		e.OnData(func(_ *nbio.Conn, data []byte) { s.received.Add(uint64(len(data))) })
	default:
		e.OnData(func(*nbio.Conn, []byte) {})
		s.nbioSend(e)
	}
	if err := e.Start(); err != nil {
		return "", err
	}
	return e.Addrs[0], nil
}

// nbioSend makes e send the content on each connection. Nbio takes all that is
// written and says later how much of it has gone, so a goroutine for each
// connection writes on when everything has.
func (s *server) nbioSend(e *nbio.Engine) {
	e.OnOpen(func(c *nbio.Conn) {
		o := &outgoing{}
		o.gone.L = &o.mu
		c.SetSession(o)
		go s.nbioSender(c, o)
	})
	e.OnWrittenSize(func(c *nbio.Conn, _ []byte, n int) { c.Session().(*outgoing).less(n) })
	e.OnClose(func(c *nbio.Conn, _ error) { c.Session().(*outgoing).close() })
}

func (s *server) nbioSender(c *nbio.Conn, o *outgoing) {
	defer func() { _ = c.Close() }()
	for off := int64(0); ; {
		b := s.content.at(off)
		if len(b) == 0 {
			return
		}
		o.more(len(b))
		if _, err := c.Write(b); err != nil || !o.wait() {
			return
		}
		off += int64(len(b))
	}
}

// outgoing is how many bytes have been written to a connection and not yet
// been taken by the kernel.
type outgoing struct {
	mu     sync.Mutex
	gone   sync.Cond
	bytes  int
	closed bool
}

func (o *outgoing) more(n int) {
	o.mu.Lock()
	o.bytes += n
	o.mu.Unlock()
}

func (o *outgoing) less(n int) {
	o.mu.Lock()
	o.bytes -= n
	empty := o.bytes == 0
	o.mu.Unlock()
	if empty {
		o.gone.Signal()
	}
}

func (o *outgoing) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.gone.Signal()
}

// wait waits until all bytes have gone. It is false if the connection has ended.
func (o *outgoing) wait() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.bytes > 0 && !o.closed {
		o.gone.Wait()
	}
	return !o.closed
}

// startNbhttp serves with nbio's own HTTP server.
func startNbhttp(s *server) (string, error) {
	logging.SetLevel(logging.LevelError)
	e := nbhttp.NewEngine(nbhttp.Config{
		Network: "tcp4",
		Addrs:   []string{"127.0.0.1:0"},
		NPoller: runtime.GOMAXPROCS(0),
		Handler: pages(),
		// By default it closes connections that were idle for two minutes.
		KeepaliveTime: s.lifetime + time.Hour,
	})
	if err := e.Start(); err != nil {
		return "", err
	}
	return e.Addrs[0], nil
}
