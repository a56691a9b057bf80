package servers

import "net"

// serveEcho sends back what each connection sends, a goroutine for each, until
// ln is closed.
func serveEcho(ln net.Listener, bufSize int) error {
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go echoConn(c, bufSize)
	}
}

func echoConn(c net.Conn, bufSize int) {
	defer func() { _ = c.Close() }()
	buf := make([]byte, bufSize)
	for {
		n, err := c.Read(buf)
		if n > 0 {
			if _, werr := c.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
