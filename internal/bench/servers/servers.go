// Package servers holds the servers that compare and suite put under load, and the
// process around each of them.
//
// A server process writes one line of JSON, a Hello, to its standard output
// once it listens. It then reads commands from its standard input, one word a
// line, each answered with one line of JSON, and the end of input ends the
// process, so that no server outlives the program that started it:
//
//	stats  answers with counters
//	busy   begins the work that fsync has besides its connections
//	rest   ends it
//
// The protocols:
//
//	echo      sends back what it gets
//	http      the page "/", and 4 KiB of JSON at "/json"
//	https     the same with TLS
//	sink      reads, and counts the bytes: received_bytes of stats
//	source    sends without an end; the byte at offset i is i modulo 251
//	file      sends a file with io.Copy on each connection, and closes it
//	recvfile  copies each connection to a file with io.Copy, and closes it
//	file-small, fileserver
//	          send a file on connections with a send buffer of 16 KiB, with
//	          io.Copy and with http.FileServer
//	fsync     echo, with two goroutines in the process that write a file each and
//	          wait for the disk; -file is their directory
package servers

import (
	"fmt"
	"net"

	"github.com/uringnet/go-uringnet/uringnet"
)

// Kinds are the ways to listen that Options.Kind may name.
var Kinds = []string{"std", "uring", "events"}

// Protos are the protocols that Options.Proto may name.
var Protos = []string{"echo", "http", "https", "sink", "source", "file", "recvfile", "file-small", "fileserver", "fsync"}

// eventProtos are those that are served by events too.
var eventProtos = []string{"echo", "sink", "fsync"}

// Hello is the first line that a server process writes.
type Hello struct {
	Addr       string // host:port
	PID        int
	GOMAXPROCS int
	NumCPU     int
	// IOUring is whether connections are carried by io_uring.
	IOUring bool
	// Status says in words how the server runs.
	Status string
}

// listen listens on addr, or on a loopback port that the kernel chooses.
func listen(kind, addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	switch kind {
	case "std":
		return net.Listen("tcp", addr)
	case "uring", "events":
		return uringnet.Listen("tcp", addr)
	}
	return nil, fmt.Errorf("unknown server kind %q (one of %v)", kind, Kinds)
}

// describe says how a kind of server runs.
func describe(kind string) (iouring bool, status string) {
	if kind == "std" {
		return false, "net of the standard library"
	}
	s := uringnet.Default().Status()
	return s.IOUring, s.String()
}
