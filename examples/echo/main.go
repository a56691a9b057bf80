// Echo is a TCP or unix echo server on io_uring.
//
//	go run ./examples/echo -addr 127.0.0.1:7000
//	go run ./examples/echo -network unix -addr /tmp/echo.sock
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
	flag.Parse()

	ln, err := uringnet.Listen(*network, *addr) // was net.Listen
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(uringnet.Default().Status())
	fmt.Println("listening on", ln.Addr())
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
