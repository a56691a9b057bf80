// Echo is a TCP or unix echo server on io_uring.
//
//	go run ./examples/echo -addr 127.0.0.1:7000
//	go run ./examples/echo -network unix -addr /tmp/echo.sock
//	go run ./examples/echo -events    # by events, without goroutines
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"

	"github.com/uringnet/go-uringnet/uringnet"
)

func main() {
	network := flag.String("network", "tcp", "tcp, tcp4, tcp6 or unix")
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	events := flag.Bool("events", false, "serve by events: no goroutine for each connection")
	flag.Parse()

	ln, err := uringnet.Listen(*network, *addr) // was net.Listen
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(uringnet.Default().Status())
	fmt.Println("listening on", ln.Addr())
	if *events {
		log.Fatal(uringnet.Default().ServeEvents(ln, echoEvents{}))
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go echo(c)
	}
}

func echo(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			if err != io.EOF {
				log.Print(err)
			}
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			log.Print(err)
			return
		}
	}
}

// echoEvents is the same as a uringnet.EventHandler: it is called on the
// goroutine that drives a connection's ring, with the bytes in the ring's own
// buffer, and what it writes is sent in one batch with everybody else's.
type echoEvents struct{}

func (echoEvents) Opened(*uringnet.EventConn) {}

func (echoEvents) Data(c *uringnet.EventConn, b []byte) { _, _ = c.Write(b) }

func (echoEvents) Closed(_ *uringnet.EventConn, err error) {
	if err != io.EOF {
		log.Print(err)
	}
}
