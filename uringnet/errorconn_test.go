package uringnet_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// connMethods is what the connections of net and of uringnet have in common.
type connMethods interface {
	net.Conn
	syscall.Conn
	CloseRead() error
	CloseWrite() error
	SetReadBuffer(int) error
	SetWriteBuffer(int) error
	File() (*os.File, error)
}

type tcpMethods interface {
	connMethods
	io.ReaderFrom
	io.WriterTo
	SetLinger(int) error
	SetNoDelay(bool) error
	SetKeepAlive(bool) error
	SetKeepAlivePeriod(time.Duration) error
	SetKeepAliveConfig(net.KeepAliveConfig) error
	MultipathTCP() (bool, error)
}

// End of file is a bare io.EOF (peer failing #5), again and again.
func TestBareEOF(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			write(t, client, "last")
			client.Close()
			expect(t, server, "last")
			for range 3 {
				if got, err := startRead(server, 10).wait(t); got != "" || err != io.EOF {
					t.Fatalf("Read = %q, %#v; want io.EOF itself", got, err)
				}
			}
		})
	})
}

// reset closes c so that its peer sees a reset.
func reset(t *testing.T, c net.Conn) {
	t.Helper()
	must(t, c.(tcpMethods).SetLinger(0))
	must(t, c.Close())
}

var connScenarios = []scenario{
	{"read at end", "", func(t *testing.T, s stack, network string) []string {
		client, server := pair(t, s, network)
		l := errorLog{as: ofConn(server)}
		client.Close()
		l.read(t, server, 1)
		l.read(t, server, 1)
		return l.lines
	}},
	{"use after close", "", func(t *testing.T, s stack, network string) []string {
		_, server := pair(t, s, network)
		return useAfterClose(t, server.(connMethods))
	}},
	{"dialed, use after close", "", func(t *testing.T, s stack, network string) []string {
		client, _ := pair(t, s, network)
		return useAfterClose(t, client.(connMethods))
	}},
	{"TCP options after close", "tcp tcp6", func(t *testing.T, s stack, network string) []string {
		_, server := pair(t, s, network)
		l := errorLog{as: ofConn(server)}
		server.Close()
		c := server.(tcpMethods)
		l.err("SetLinger", c.SetLinger(1))
		l.err("SetNoDelay", c.SetNoDelay(true))
		l.err("SetKeepAlive", c.SetKeepAlive(true))
		l.err("SetKeepAlivePeriod", c.SetKeepAlivePeriod(time.Second))
		l.err("SetKeepAliveConfig", c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}))
		_, err := c.MultipathTCP()
		l.err("MultipathTCP", err)
		return l.lines
	}},
	{"timeouts", "", func(t *testing.T, s stack, network string) []string {
		_, server := pair(t, s, network)
		l := errorLog{as: ofConn(server)}
		l.err("SetDeadline", server.SetDeadline(aLongTimeAgo))
		l.read(t, server, 1)
		l.write(t, server, "x")
		l.read(t, server, 0)
		l.write(t, server, "")
		l.err("SetDeadline", server.SetDeadline(time.Time{}))
		l.write(t, server, "x")
		return l.lines
	}},
	{"zero length", "", zeroLength},
	{"reset by peer", "tcp tcp6", func(t *testing.T, s stack, network string) []string {
		client, server := pair(t, s, network)
		l := errorLog{as: ofConn(server)}
		reset(t, client)
		l.read(t, server, 1)
		l.read(t, server, 1)
		l.write(t, server, "x")
		l.write(t, server, "x")
		l.err("CloseWrite", server.(connMethods).CloseWrite())
		l.err("Close", server.Close())
		return l.lines
	}},
	{"write to closed peer", "unix", func(t *testing.T, s stack, network string) []string {
		client, server := pair(t, s, network)
		l := errorLog{as: ofConn(server)}
		client.Close()
		l.write(t, server, "x")
		l.write(t, server, "x")
		return l.lines
	}},
	{"half-closed", "", func(t *testing.T, s stack, network string) []string {
		client, server := pair(t, s, network)
		l := errorLog{as: ofConn(server)}
		c := server.(connMethods)
		l.err("CloseWrite", c.CloseWrite())
		l.err("CloseWrite", c.CloseWrite())
		l.write(t, server, "x")
		l.err("CloseRead", c.CloseRead())
		l.err("CloseRead", c.CloseRead())
		l.read(t, server, 1)
		l.as = ofConn(client)
		l.read(t, client, 1)
		return l.lines
	}},
	{"woken by close", "", func(t *testing.T, s stack, network string) []string {
		_, server := pair(t, s, network)
		l := errorLog{as: ofConn(server)}
		r := startRead(server, 10).blocked(t)
		w := start("Write", func() (int, error) { return server.Write(zeros) }).blocked(t)
		l.err("Close", server.Close())
		got, err := r.wait(t)
		l.add("Read", got, err)
		_, err = w.wait(t)
		l.err("Write", err)
		return l.lines
	}},
}

func useAfterClose(t *testing.T, c connMethods) []string {
	l := errorLog{as: ofConn(c)}
	rc, err := c.SyscallConn()
	must(t, err)
	l.err("Close", c.Close())
	l.err("Close", c.Close())
	l.read(t, c, 1)
	l.read(t, c, 0)
	l.write(t, c, "x")
	l.write(t, c, "")
	l.err("SetDeadline", c.SetDeadline(time.Now()))
	l.err("SetReadDeadline", c.SetReadDeadline(time.Time{}))
	l.err("SetWriteDeadline", c.SetWriteDeadline(time.Time{}))
	l.err("SetReadBuffer", c.SetReadBuffer(4096))
	l.err("SetWriteBuffer", c.SetWriteBuffer(4096))
	l.err("CloseRead", c.CloseRead())
	l.err("CloseWrite", c.CloseWrite())
	_, err = c.File()
	l.err("File", err)
	_, err = c.SyscallConn()
	l.err("SyscallConn", err)
	l.err("Control", rc.Control(func(uintptr) {}))
	l.err("RawRead", rc.Read(func(uintptr) bool { return true }))
	l.err("RawWrite", rc.Write(func(uintptr) bool { return true }))
	return l.lines
}

// zeroLength: Read and Write of nothing do nothing (peer failing #7).
func zeroLength(t *testing.T, s stack, network string) []string {
	client, server := pair(t, s, network)
	l := errorLog{as: ofConn(server)}
	l.read(t, server, 0)
	l.write(t, server, "")
	write(t, client, "abc")
	l.read(t, server, 0)
	expect(t, server, "a")
	l.read(t, server, 0)
	expect(t, server, "bc")
	client.Close()
	l.read(t, server, 1)
	l.read(t, server, 0)
	l.write(t, client, "")
	return l.lines
}

// Errors have the types, fields and texts that net's have (peer failing #8).
func TestConnErrors(t *testing.T) {
	compareWithNet(t, connScenarios)
}

// Read never returns (0, nil) for a buffer that is not empty (peer failing #7).
func TestNoEmptyRead(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		w := startErr("writer", func() error { return writePieces(client, randomBytes(5, 50_000), 5) })
		buf := make([]byte, 100)
		total := 0
		server.SetReadDeadline(time.Now().Add(patience))
		for {
			n, err := server.Read(buf[:1+total%len(buf)])
			if n == 0 && err == nil {
				t.Fatal("Read = 0, nil")
			}
			total += n
			if err != nil {
				if err != io.EOF || total != 50_000 {
					t.Fatalf("after %d bytes: %v", total, err)
				}
				break
			}
		}
		if _, err := w.wait(t); err != nil {
			t.Fatal(err)
		}
	})
}

// Errors are found by errors.Is.
func TestErrorsIs(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		reset(t, client)
		_, err := startRead(server, 1).wait(t)
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Read after reset: %v; want ECONNRESET", err)
		}
		server.Close()
		if err := server.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second Close: %v; want net.ErrClosed", err)
		}
	})
}
