package uringnet_test

import (
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// CloseWrite ends the peer's reading; the other direction goes on.
func TestCloseWrite(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			write(t, client, "request")
			must(t, client.(connMethods).CloseWrite())
			got, err := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) }).wait(t)
			if string(got) != "request" || err != nil {
				t.Fatalf("ReadAll = %q, %v", got, err)
			}
			write(t, server, "response")
			expect(t, client, "response")
			if _, err := client.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
				t.Errorf("Write after CloseWrite: %v; want EPIPE", err)
			}
			must(t, server.Close())
			if _, err := startRead(client, 1).wait(t); err != io.EOF {
				t.Errorf("Read: %v; want EOF", err)
			}
		})
	})
}

// CloseWrite while the peer's Read is blocked wakes it with end of file.
func TestCloseWriteWakesPeer(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			r := startRead(server, 1).blocked(t)
			must(t, client.(connMethods).CloseWrite())
			if _, err := r.wait(t); err != io.EOF {
				t.Errorf("Read: %v; want EOF", err)
			}
			write(t, server, "still open")
			expect(t, client, "still open")
		})
	})
}

// CloseRead wakes a blocked Read with end of file, what was received before
// is still read, and writing goes on.
func TestCloseRead(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			r := startRead(server, 1).blocked(t)
			must(t, server.(connMethods).CloseRead())
			if _, err := r.wait(t); err != io.EOF {
				t.Errorf("blocked Read: %v; want EOF", err)
			}
			write(t, server, "on")
			expect(t, client, "on")

			client, server = pair(t, stackOf(e), network)
			write(t, client, "abc")
			expect(t, server, "a")
			must(t, server.(connMethods).CloseRead())
			got, err := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) }).wait(t)
			if string(got) != "bc" || err != nil {
				t.Errorf("ReadAll after CloseRead = %q, %v; want the bytes received before", got, err)
			}
		})
	})
}

// Close with bytes unread and undelivered: what was written before is
// delivered, then the end.
func TestCloseDeliversWritten(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			data := string(randomBytes(1, 50_000))
			write(t, client, data)
			must(t, client.Close())
			got, err := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) }).wait(t)
			if string(got) != data || err != nil {
				t.Fatalf("ReadAll = %d bytes, %v; want all %d", len(got), err, len(data))
			}
		})
	})
}

// SetLinger(0) resets the connection on Close.
func TestLingerZero(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		r := startRead(server, 1).blocked(t)
		reset(t, client)
		if _, err := r.wait(t); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("blocked Read: %v; want ECONNRESET", err)
		}
		client, server = pair(t, stackOf(e), "tcp")
		reset(t, server) // the accepted side, and nobody waiting
		if _, err := startRead(client, 1).wait(t); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Read: %v; want ECONNRESET", err)
		}
	})
}

// Close wakes every Read and Write and tells the peer.
func TestCloseWakes(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			var calls []*call[string]
			for range 3 {
				calls = append(calls, startRead(server, 1).blocked(t))
			}
			for range 3 {
				w := start("Write", func() (string, error) {
					_, err := server.Write(zeros)
					return "", err
				})
				calls = append(calls, w.blocked(t))
			}
			if _, err := startErr("Close", server.Close).wait(t); err != nil {
				t.Errorf("Close: %v", err)
			}
			for _, c := range calls {
				if _, err := c.wait(t); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s woken by Close: %v; want net.ErrClosed", c.what, err)
				}
			}
			// The peer sees the end although a receive was under way.
			_, err := start("drain", func() (int64, error) { return io.Copy(io.Discard, client) }).wait(t)
			if err != nil {
				t.Errorf("peer of a closed connection: %v", err)
			}
		})
	})
}

// Of many concurrent Closes one succeeds.
func TestConcurrentClose(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		for _, c := range []net.Conn{client, server} {
			var closes []*call[struct{}]
			for range 8 {
				closes = append(closes, startErr("Close", c.Close))
			}
			succeeded := 0
			for _, cl := range closes {
				if _, err := cl.wait(t); err == nil {
					succeeded++
				} else if !errors.Is(err, net.ErrClosed) {
					t.Errorf("Close: %v", err)
				}
			}
			if succeeded != 1 {
				t.Errorf("%d of 8 Closes succeeded; want 1", succeeded)
			}
		}
	})
}

// Read, Write and Close at once, over and over: each call returns, and a
// descriptor number that is used again never gets another's bytes.
func TestConcurrentReadWriteClose(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stackOf(e), "tcp")
		for i := range 25 {
			mark := byte(i)
			client := dialTo(t, stackOf(e), ln)
			server := accept(t, ln)
			calls := []*call[struct{}]{
				startErr("client Write", func() error { return writeForever(client, mark) }),
				startErr("server Write", func() error { return writeForever(server, mark) }),
				startErr("client Read", func() error { return readOnly(client, mark) }),
				startErr("server Read", func() error { return readOnly(server, mark) }),
			}
			if i%2 == 0 {
				expectRunning(calls)
			}
			closed := startErr("Close", server.Close)
			if _, err := closed.wait(t); err != nil {
				t.Errorf("Close: %v", err)
			}
			must(t, client.Close())
			for _, c := range calls {
				if _, err := c.wait(t); errors.Is(err, errForeign) {
					t.Fatalf("%s: %v", c.what, err)
				}
			}
		}
	})
}

var errForeign = errors.New("a byte that nobody wrote to this connection")

func expectRunning(calls []*call[struct{}]) {
	for _, c := range calls {
		<-c.id
	}
	runtime.Gosched()
}

func writeForever(c net.Conn, mark byte) error {
	b := make([]byte, 3000)
	for i := range b {
		b[i] = mark
	}
	for {
		if _, err := c.Write(b); err != nil {
			return err
		}
	}
}

func readOnly(c net.Conn, mark byte) error {
	b := make([]byte, 1000)
	for {
		n, err := c.Read(b)
		for _, got := range b[:n] {
			if got != mark {
				return errForeign
			}
		}
		if err != nil {
			return err
		}
	}
}
