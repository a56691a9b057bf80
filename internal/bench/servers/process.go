package servers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/uringnet/go-uringnet/poller"
	"github.com/uringnet/go-uringnet/uringnet"
)

// Options are what a server process is started with.
type Options struct {
	Kind       string        // one of Kinds
	Addr       string        // to listen on; "" for a loopback port that the kernel chooses
	Proto      string        // one of Protos
	Buf        int           // bytes of a connection's buffer
	Work       time.Duration // for which each answer is computed
	File       string        // that is sent or written; of fsync, the directory
	CPUProfile string        // file to write a CPU profile to, "" for none
	Lifetime   time.Duration // after which the process ends by itself
}

// Run is the life of a server process: it listens, serves, answers commands,
// and returns when its input ends or its lifetime is over.
func Run(o Options, in io.Reader, out io.Writer) error {
	if o.Kind == "events" && !slices.Contains(eventProtos, o.Proto) {
		return &UnsupportedError{o.Kind, o.Proto}
	}
	ln, err := listen(o.Kind, o.Addr)
	if err != nil {
		return err
	}
	stop, err := startProfile(o.CPUProfile)
	if err != nil {
		return err
	}
	defer stop()

	ended := make(chan error, 2)
	go func() { ended <- serve(o, ln) }()
	if err := hello(o, ln.Addr().String(), out); err != nil {
		return err
	}
	go func() { ended <- o.commands(in, out) }()
	select {
	case err := <-ended:
		return err
	case <-time.After(o.Lifetime):
		return fmt.Errorf("still running after %v: stopped", o.Lifetime)
	}
}

// hello says on out, and in words on standard error, how the server runs.
func hello(o Options, addr string, out io.Writer) error {
	iouring, status := describe(o.Kind)
	fmt.Fprintf(os.Stderr, "%s %s on %s: %s\n", o.Kind, o.Proto, addr, status)
	return json.NewEncoder(out).Encode(Hello{
		Addr: addr, PID: os.Getpid(), GOMAXPROCS: runtime.GOMAXPROCS(0), NumCPU: runtime.NumCPU(),
		IOUring: iouring, Status: status,
	})
}

// startProfile begins a CPU profile, if file is not "". It covers the whole
// life of the process: an idle process adds nothing to it.
func startProfile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}, nil
}

// commands answers commands until there are no more.
func (o *Options) commands(in io.Reader, out io.Writer) error {
	work := labour{dir: o.File}
	defer func() { _ = work.rest() }()
	answers := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var answer any = struct{}{}
		var err error
		switch cmd := lines.Text(); cmd {
		case "stats":
			answer = struct {
				poller.Counters
				ReceivedBytes uint64 `json:"received_bytes"`
			}{uringnet.Default().Stats().Total, received.Load()}
		case "busy":
			err = work.begin(o.Lifetime)
		case "rest":
			err = work.rest()
		default:
			err = fmt.Errorf("unknown command %q", cmd)
		}
		if err == nil {
			err = answers.Encode(answer)
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// serve serves o.Proto on ln.
func serve(o Options, ln net.Listener) error {
	if o.Kind == "events" {
		if o.Proto == "sink" {
			return uringnet.Default().ServeEvents(ln, sinkEvents{})
		}
		return uringnet.Default().ServeEvents(ln, echoEvents{o})
	}
	switch o.Proto {
	case "echo", "fsync":
		return serveConns(ln, o, echoConn)
	case "sink":
		return serveConns(ln, o, sinkConn)
	case "source":
		return serveConns(ln, o, sourceConn)
	case "file":
		return serveConns(ln, o, fileConn)
	case "file-small":
		return serveConns(smallBuffers{ln}, o, fileConn)
	case "fileserver":
		return serveFiles(smallBuffers{ln}, o)
	case "recvfile":
		return serveConns(ln, o, recvFileConn)
	case "http":
		return serveHTTP(ln, o)
	case "https":
		return serveHTTPS(ln, o)
	}
	return fmt.Errorf("unknown protocol %q (one of %v)", o.Proto, Protos)
}
