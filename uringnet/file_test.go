//go:build linux

package uringnet_test

import (
	"io"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// FileListener serves on the socket of a file, whoever made it (peer failing
// #15), and the listener that it is a copy of goes on.
func TestFileListener(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			for _, origin := range []stack{stdStack, stackOf(e)} {
				ln := listen(t, origin, network).(listenerMethods)
				f, err := ln.File()
				must(t, err)
				fln, err := e.FileListener(f)
				must(t, err)
				must(t, f.Close())
				if got, want := fln.Addr().String(), ln.Addr().String(); got != want {
					t.Errorf("Addr() = %s; want %s", got, want)
				}
				c := dialTo(t, stackOf(e), fln)
				server := accept(t, fln)
				write(t, c, "x")
				expect(t, server, "x")
				must(t, fln.Close())
				c = dialTo(t, stackOf(e), ln)
				server = accept(t, ln)
				write(t, c, "y")
				expect(t, server, "y")
			}
		})
	})
}

// FileConn makes a connection of a file, with net's types of addresses.
func TestFileConn(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := mixedPair(t, stackOf(e), stdStack, network)
			f, err := server.(connMethods).File()
			must(t, err)
			must(t, server.Close())
			fc, err := e.FileConn(f)
			must(t, err)
			defer fc.Close()
			must(t, f.Close())
			if fc.LocalAddr().String() != client.RemoteAddr().String() || fc.LocalAddr().Network() != client.RemoteAddr().Network() {
				t.Errorf("LocalAddr() = %v; want %v", fc.LocalAddr(), client.RemoteAddr())
			}
			write(t, client, "to")
			expect(t, fc, "to")
			write(t, fc, "fro")
			expect(t, client, "fro")
			must(t, fc.Close())
			if _, err := startRead(client, 1).wait(t); err != io.EOF {
				t.Errorf("Read: %v; want EOF", err)
			}
		})
	})
}

// What is no socket, or no stream, is refused as net refuses it, or carried
// by net.
func TestFileOther(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		null, err := os.Open(os.DevNull)
		must(t, err)
		defer null.Close()
		if c, err := e.FileConn(null); err == nil {
			t.Errorf("FileConn of /dev/null = %v", c)
		}
		if ln, err := e.FileListener(null); err == nil {
			t.Errorf("FileListener of /dev/null = %v", ln)
		}
		closed, err := os.Open(os.DevNull)
		must(t, err)
		closed.Close()
		if c, err := e.FileConn(closed); err == nil {
			t.Errorf("FileConn of a closed file = %v", c)
		}

		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		must(t, err)
		var ends []net.Conn
		for _, fd := range fds {
			f := os.NewFile(uintptr(fd), "socketpair")
			c, err := e.FileConn(f)
			f.Close()
			must(t, err)
			defer c.Close()
			ends = append(ends, c)
		}
		write(t, ends[0], "x")
		expect(t, ends[1], "x")

		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		must(t, err)
		defer pc.Close()
		f, err := pc.(*net.UDPConn).File()
		must(t, err)
		defer f.Close()
		c, err := e.FileConn(f)
		must(t, err)
		if _, ok := c.(*net.UDPConn); !ok {
			t.Errorf("FileConn of a UDP socket is a %T; want net's", c)
		}
		c.Close()
	})
}

// File's duplicate lives on after Close, and Close after File ends only the
// connection's own share.
func TestFileOutlivesConn(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			write(t, client, "before")
			expect(t, server, "before")
			f, err := server.(connMethods).File()
			must(t, err)
			defer f.Close()
			must(t, server.Close())
			r := startRead(client, 1).blocked(t) // no end: the file holds the socket
			fc, err := net.FileConn(f)
			must(t, err)
			defer fc.Close()
			write(t, fc, "x")
			if got, err := r.wait(t); got != "x" || err != nil {
				t.Errorf("Read = %q, %v", got, err)
			}
			write(t, client, "after")
			expect(t, fc, "after")
		})
	})
}

// Bytes received before File stay with the connection; those that come later
// reach whoever reads first.
func TestFileTakesNothingAhead(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		write(t, client, "ab")
		expect(t, server, "a")
		f, err := server.(connMethods).File()
		must(t, err)
		defer f.Close()
		expect(t, server, "b")
		fc, err := net.FileConn(f)
		must(t, err)
		defer fc.Close()
		for range 3 {
			write(t, client, "for the file")
			expect(t, fc, "for the file")
			write(t, client, "for the connection")
			expect(t, server, "for the connection")
		}
	})
}
