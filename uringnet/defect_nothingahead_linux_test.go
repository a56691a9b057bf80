package uringnet_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// The tests here say what no longer happens in shared mode: nothing is received
// ahead of Read, nothing accepted ahead of Accept.

// readyKinds receive nothing ahead. ("std" shows that net does what is asked.)
var readyKinds = []string{"std", "shared", "shared-2ring"}

// peek is what is in c's socket, at most n bytes.
func peek(t *testing.T, c net.Conn, n int) string {
	t.Helper()
	b := make([]byte, n)
	var got int
	var err error
	must(t, rawConnOf(t, c).Control(func(fd uintptr) {
		got, _, err = unix.Recvfrom(int(fd), b, unix.MSG_PEEK|unix.MSG_DONTWAIT)
	}))
	if err == unix.EAGAIN {
		return ""
	}
	must(t, err)
	return string(b[:got])
}

// What has not been read is in the socket, whoever looks: after a Read that took
// a part, one that waited, one that timed out, many that were quick.
func TestDefectNothingReceivedAhead(t *testing.T) {
	forEngines(t, readyKinds, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			peer, c := mixedPair(t, stdStack, stackOf(e), network)
			inSocket := func(what, want string) {
				t.Helper()
				eventually(t, what, func() bool { return peek(t, c, len(want)+10) == want })
				if n := unread(t, c); n != len(want) {
					t.Errorf("%s: FIONREAD says %d bytes; want %d", what, n, len(want))
				}
			}
			for i := range 20 { // what is read at once teaches an engine that guesses
				write(t, peer, "x")
				expect(t, c, "x")
				inSocket(fmt.Sprint("nothing in round ", i), "")
			}
			write(t, peer, "abcdef")
			expect(t, c, "a")
			inSocket("after a Read that took a part", "bcdef")
			expect(t, c, "bcdef")

			r := startRead(c, 2).blocked(t)
			write(t, peer, "waited for")
			if got, err := r.wait(t); got != "wa" || err != nil {
				t.Fatalf("Read = %q, %v", got, err)
			}
			inSocket("after a Read that waited", "ited for")
			expect(t, c, "ited for")

			timedOutRead(t, c)
			write(t, peer, "late")
			inSocket("after a Read that timed out", "late")
			expect(t, c, "late")
		})
	})
}

// A protocol may go on in the kernel (kTLS) or in a process that inherits: bytes
// behind those that were read are there for a receive of its own.
func TestDefectControlReceives(t *testing.T) {
	forEngines(t, readyKinds, func(t *testing.T, e *uringnet.Engine) {
		peer, c := mixedPair(t, stdStack, stackOf(e), "tcp")
		for i := range 20 {
			r := startRead(c, 9).blocked(t)
			write(t, peer, fmt.Sprintf("handshake%02d records", i))
			if got, err := r.wait(t); got != "handshake" || err != nil {
				t.Fatalf("Read = %q, %v", got, err)
			}
			want := fmt.Sprintf("%02d records", i)
			b := make([]byte, 100)
			var n int
			var err error
			must(t, rawConnOf(t, c).Control(func(fd uintptr) { n, _, err = unix.Recvfrom(int(fd), b, unix.MSG_DONTWAIT) }))
			if string(b[:max(n, 0)]) != want || err != nil {
				t.Fatalf("recv in Control = %q, %v; want %q", b[:max(n, 0)], err, want)
			}
		}
	})
}

// A duplicate by File and the connection share what is unread, whoever reads.
func TestDefectFileSharesUnread(t *testing.T) {
	forEngines(t, readyKinds, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			peer, c := mixedPair(t, stdStack, stackOf(e), network)
			r := startRead(c, 10).blocked(t)
			write(t, peer, "for Read, for File, for Read again")
			if got, err := r.wait(t); got != "for Read, " || err != nil {
				t.Fatalf("Read = %q, %v", got, err)
			}
			f, err := c.(connMethods).File()
			must(t, err)
			defer f.Close()
			fc, err := net.FileConn(f)
			must(t, err)
			defer fc.Close()
			expect(t, fc, "for File, ")
			expect(t, c, "for Read again")

			r = startRead(c, 100).blocked(t) // also while a Read waits
			write(t, peer, "one")
			if got, err := r.wait(t); got != "one" || err != nil {
				t.Fatalf("Read = %q, %v", got, err)
			}
			write(t, peer, "two")
			expect(t, fc, "two")
		})
	})
}

// A child that is given the connection's file reads what was not read.
func TestDefectFileToChild(t *testing.T) {
	forEngines(t, readyKinds, func(t *testing.T, e *uringnet.Engine) {
		peer, c := mixedPair(t, stdStack, stackOf(e), "tcp")
		r := startRead(c, 7).blocked(t)
		write(t, peer, "header\nbody of the message")
		if got, err := r.wait(t); got != "header\n" || err != nil {
			t.Fatalf("Read = %q, %v", got, err)
		}
		f, err := c.(connMethods).File()
		must(t, err)
		must(t, c.Close())
		must(t, peer.(*net.TCPConn).CloseWrite())
		got, err := start("child", func() ([]byte, error) { return catChild(f) }).wait(t)
		if string(got) != "body of the message" || err != nil {
			t.Errorf("the child read %q, %v", got, err)
		}
	})
}

// catChild runs a process that copies its standard input to its output.
func catChild(f *os.File) ([]byte, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p, err := os.StartProcess(os.Args[0], os.Args[:1], &os.ProcAttr{
		Env:   append(os.Environ(), childEnv+"=cat", "GORACE=atexit_sleep_ms=0"),
		Files: []*os.File{f, w, os.Stderr},
	})
	err = errors.Join(err, f.Close(), w.Close())
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(r)
	st, werr := p.Wait()
	if werr == nil && !st.Success() {
		werr = errors.New(st.String())
	}
	return got, errors.Join(err, werr)
}

func init() {
	children["cat"] = func() error {
		_, err := io.Copy(struct{ io.Writer }{os.Stdout}, struct{ io.Reader }{os.Stdin})
		return err
	}
}

// Hijack gives a connection whose unread bytes are in net/http's buffer or in the
// socket, not elsewhere.
func TestDefectHijack(t *testing.T) {
	forEngines(t, readyKinds, func(t *testing.T, e *uringnet.Engine) {
		type taken struct {
			c   net.Conn
			buf *bufio.ReadWriter
		}
		hijacked := make(chan taken, 1)
		idle := make(chan bool, 10)
		addr := serveHTTP(t, e, &http.Server{
			ConnState: func(_ net.Conn, s http.ConnState) {
				if s == http.StateIdle {
					idle <- true
				}
			},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/plain" {
					return
				}
				c, buf, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
				}
				hijacked <- taken{c, buf}
			}),
		})
		for _, behind := range []string{"", "sent with the request", strings.Repeat("long ", 20_000)} {
			w := dialWire(t, addr)
			w.send(t, "GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")
			w.response(t)
			next(t, "idle connection", idle) // which waits to read, or is about to
			w.send(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"+behind)
			h := next(t, "hijacked connection", hijacked)
			defer h.c.Close()
			held, err := h.buf.Peek(h.buf.Reader.Buffered())
			must(t, err)
			rest := behind[len(held):]
			eventually(t, "what is not in net/http's buffer is in the socket", func() bool { return unread(t, h.c) == len(rest) })
			w.send(t, "after")
			if got := string(held) + mustRead(t, h.c, len(rest)+5); got != behind+"after" {
				t.Errorf("%d bytes, not those sent behind the request", len(got))
			}
			write(t, h.c, "answer")
			expect(t, w, "answer")
		}
	})
}

func mustRead(t *testing.T, c net.Conn, n int) string {
	t.Helper()
	got, err := start("read", func() (string, error) { return readN(c, n) }).wait(t)
	must(t, err)
	return got
}

// io.CopyN takes no more from the connection than it was asked for.
func TestDefectCopyTakesNothingAhead(t *testing.T) {
	forEngines(t, readyKinds, func(t *testing.T, e *uringnet.Engine) {
		peer, c := mixedPair(t, stdStack, stackOf(e), "tcp")
		var sink bytes.Buffer
		copied := start("io.CopyN", func() (int64, error) { return io.CopyN(&sink, c, 5) }).blocked(t)
		write(t, peer, "firstsecond")
		if n, err := copied.wait(t); n != 5 || err != nil || sink.String() != "first" {
			t.Fatalf("CopyN = %d, %v (%q)", n, err, &sink)
		}
		eventually(t, "the rest is in the socket", func() bool { return peek(t, c, 20) == "second" })
	})
}
