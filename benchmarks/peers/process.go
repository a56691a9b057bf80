package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/bench/servers"
)

// server is what a peer is given to serve with.
type server struct {
	options
	// received counts the bytes that a sink has read.
	received atomic.Uint64
	// content is what source and file send.
	content content
	// ended takes the reason why a peer stopped serving by itself.
	ended chan error
	// uring says how uringnet runs, for a peer that is on top of it.
	uring fmt.Stringer
}

// serve is the life of a server process.
func serve(o options) error {
	k, begin, err := find(o.kind, o.proto)
	if err != nil {
		return err
	}
	out, err := takeStdout()
	if err != nil {
		return err
	}
	s := &server{options: o, ended: make(chan error, 1)}
	if s.content, err = newContent(o); err != nil {
		return err
	}
	addr, err := begin(s)
	if err != nil {
		return fmt.Errorf("%s %s does not start: %w", o.kind, k.version(), err)
	}
	status := k.version() + ", " + k.how
	if s.uring != nil {
		status += ", " + s.uring.String()
	}
	fmt.Fprintf(os.Stderr, "%s %s on %s: %s\n", o.kind, o.proto, addr, status)
	if err := json.NewEncoder(out).Encode(servers.Hello{
		Addr: addr, PID: os.Getpid(), GOMAXPROCS: runtime.GOMAXPROCS(0), NumCPU: runtime.NumCPU(),
		IOUring: k.iouring || s.uring != nil, Status: status,
	}); err != nil {
		return err
	}
	input := make(chan error, 1)
	go func() { input <- s.commands(os.Stdin, out) }()
	select {
	case err := <-s.ended:
		return fmt.Errorf("%s stopped serving: %w", o.kind, err)
	case err := <-input:
		return err
	case <-time.After(o.lifetime):
		return fmt.Errorf("still running after %v: stopped", o.lifetime)
	}
}

// takeStdout returns the standard output of the process and makes file
// descriptor 1 another name of standard error. Some peers log to standard
// output, and whoever started the process wants nothing but JSON from there.
func takeStdout() (*os.File, error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	if err := unix.Dup3(2, 1, 0); err != nil {
		return nil, os.NewSyscallError("dup3", err)
	}
	return os.NewFile(uintptr(fd), "stdout"), nil
}

// commands answers commands until there are no more.
func (s *server) commands(in io.Reader, out io.Writer) error {
	enc := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var answer map[string]uint64
		switch cmd := lines.Text(); cmd {
		case "stats":
			answer = map[string]uint64{"received_bytes": s.received.Load()}
		case "sockets":
			answer = countSockets()
		default:
			return fmt.Errorf("unknown command %q", cmd)
		}
		if err := enc.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// stopped tells the process that the peer has stopped serving.
func (s *server) stopped(err error) {
	if err == nil {
		err = io.EOF
	}
	select {
	case s.ended <- err:
	default:
	}
}
