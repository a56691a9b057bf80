package uringnet_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A server and a client: net.Listen and net.Dial, but for the package's name.
func Example() {
	ln, err := uringnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, c)
	}()

	c, err := uringnet.Dial("tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "hello")
	echo := make([]byte, 5)
	if _, err := io.ReadFull(c, echo); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", echo)
	// Output: hello
}

// net/http serves on the listener as on any other.
func ExampleListen() {
	ln, err := uringnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello, %s", r.URL.Path[1:])
	})}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + ln.Addr().String() + "/reader")
	if err != nil {
		log.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	fmt.Println(string(body), err)
	srv.Close()
	fmt.Println(<-done)
	// Output:
	// hello, reader <nil>
	// http: Server closed
}

// A listener that exists already, from socket activation for instance, goes on as one of
// this package. The old one must not be used any more.
func ExampleWrap() {
	old, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	address := old.Addr().String()
	ln, err := uringnet.Wrap(old)
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	fmt.Println("the same address:", ln.Addr().String() == address)
	fmt.Printf("%T\n", ln)
	// Output:
	// the same address: true
	// *uringnet.TCPListener
}

// An error is what net's would be.
func ExampleDial() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	address := ln.Addr().String()
	ln.Close() // nobody listens there now

	_, err = uringnet.Dial("tcp", address)
	var op *net.OpError
	fmt.Println(errors.As(err, &op), op.Op, op.Net)
	// Output: true dial tcp
}

// Status says how an engine runs: here on the standard library, because it was told to.
func ExampleEngine_Status() {
	e, err := uringnet.NewEngine(uringnet.Config{Fallback: uringnet.FallbackAlways})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	fmt.Println(e.Status().IOUring)
	fmt.Println(e.Status())
	// Output:
	// false
	// standard library: switched off by configuration
}

// shout answers in capitals, without a goroutine for each connection.
type shout struct{ closed chan error }

func (shout) Opened(c *uringnet.EventConn) {}

// Data may use b during the call only.
func (shout) Data(c *uringnet.EventConn, b []byte) {
	answer := make([]byte, len(b))
	for i, x := range b {
		if 'a' <= x && x <= 'z' {
			x -= 'a' - 'A'
		}
		answer[i] = x
	}
	_, _ = c.Write(answer)
}

func (s shout) Closed(c *uringnet.EventConn, err error) { s.closed <- err }

func ExampleEngine_ServeEvents() {
	e := uringnet.Default()
	ln, err := e.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	handler := shout{make(chan error, 1)}
	served := make(chan error, 1)
	go func() { served <- e.ServeEvents(ln, handler) }()

	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(c, "hello")
	echo := make([]byte, 5)
	if _, err := io.ReadFull(c, echo); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", echo)
	c.Close()
	fmt.Println(<-handler.closed)
	ln.Close()
	fmt.Println(errors.Is(<-served, net.ErrClosed))
	// Output:
	// HELLO
	// EOF
	// true
}

// A file whose operations run on the rings where there are any.
func ExampleEngine_OpenFile() {
	dir, err := os.MkdirTemp("", "uringnet")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	f, err := uringnet.Default().OpenFile(filepath.Join(dir, "note"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("kept"), 0); err != nil {
		log.Fatal(err)
	}
	if err := f.Datasync(); err != nil {
		log.Fatal(err)
	}
	b := make([]byte, 4)
	n, err := f.ReadAt(b, 0)
	fmt.Printf("%d %s %v\n", n, b, err)
	// Output: 4 kept <nil>
}

// The peer is answered only once its record is on the disk: write, fdatasync and send go to
// the kernel in one submission, and each is begun when the one before it has succeeded.
func ExampleChain() {
	e := uringnet.Default()
	dir, err := os.MkdirTemp("", "uringnet")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	f, err := e.OpenFile(filepath.Join(dir, "log"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	ln, err := e.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	peer, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer peer.Close()
	c, err := ln.Accept()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	ch := e.NewChain()
	ch.WriteAt(f, []byte("record"), 0)
	ch.Datasync(f)
	ch.Send(c, []byte("stored"))
	fmt.Println("run:", ch.Run())

	answer := make([]byte, 6)
	_, err = io.ReadFull(peer, answer)
	fmt.Printf("%s %v\n", answer, err)
	// Output:
	// run: <nil>
	// stored <nil>
}
