package servers

import (
	"net"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// serveConns runs handle on each connection, a goroutine for each, until ln is
// closed.
func serveConns(ln net.Listener, o Options, handle func(net.Conn, Options)) error {
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer func() { _ = c.Close() }()
			handle(c, o)
		}()
	}
}

// echoConn sends back what a connection sends.
func echoConn(c net.Conn, o Options) {
	buf := make([]byte, o.Buf)
	for {
		n, err := c.Read(buf)
		if n > 0 {
			compute(o.Work)
			if _, werr := c.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// compute keeps the CPU busy for d, as a handler that does something would.
func compute(d time.Duration) {
	if d <= 0 {
		return
	}
	for begin := time.Now(); time.Since(begin) < d; {
	}
}

// echoEvents is the same without a goroutine for each connection.
type echoEvents struct{ o Options }

func (echoEvents) Opened(*uringnet.EventConn) {}

func (e echoEvents) Data(c *uringnet.EventConn, b []byte) {
	compute(e.o.Work)
	_, _ = c.Write(b)
}

func (echoEvents) Closed(*uringnet.EventConn, error) {}
