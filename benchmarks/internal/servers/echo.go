package servers

import (
	"net"
	"time"
)

// serveEcho sends back what each connection sends, a goroutine for each, until
// ln is closed.
func serveEcho(ln net.Listener, o Options) error {
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go echoConn(c, o)
	}
}

func echoConn(c net.Conn, o Options) {
	defer func() { _ = c.Close() }()
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
