//go:build linux

package uringnet_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// Wrap and WrapConn take over net's types; what they took is closed, the
// socket is not.
func TestWrap(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			std := listen(t, stdStack, network)
			ln, err := e.Wrap(std)
			must(t, err)
			defer ln.Close()
			if ln.Addr().String() != std.Addr().String() {
				t.Errorf("Addr() = %v; want %v", ln.Addr(), std.Addr())
			}
			again, err := e.Wrap(ln)
			if again != ln || err != nil {
				t.Errorf("Wrap of a wrapped listener = %v, %v", again, err)
			}

			raw := dialTo(t, stdStack, ln)
			client, err := e.WrapConn(raw)
			must(t, err)
			defer client.Close()
			same, err := e.WrapConn(client)
			if same != client || err != nil {
				t.Errorf("WrapConn of a wrapped connection = %v, %v", same, err)
			}
			server := accept(t, ln)
			for range 3 {
				write(t, client, "ping")
				expect(t, server, "ping")
				write(t, server, "pong")
				expect(t, client, "pong")
			}
			path := ln.Addr().String()
			must(t, ln.Close())
			if network == "unix" && exists(path) {
				t.Error("Close of a wrapped listener left the file")
			}
			must(t, client.Close())
			if _, err := startRead(server, 1).wait(t); err != io.EOF {
				t.Errorf("Read: %v; want EOF", err)
			}
		})
	})
}

// WrapConn keeps the bytes that wait in the socket.
func TestWrapConnKeepsData(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stdStack, "tcp")
		write(t, client, "early bytes")
		expect(t, server, "early")
		c, err := e.WrapConn(server)
		must(t, err)
		defer c.Close()
		expect(t, c, " bytes")
		write(t, client, "late")
		expect(t, c, "late")
	})
}

type ownListener struct{ net.Listener }
type ownConn struct{ net.Conn }

// Types that hide what they are made of are refused and left alone.
func TestWrapUnsupported(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stdStack, "tcp")
		if w, err := e.Wrap(ownListener{ln}); err == nil {
			t.Errorf("Wrap = %v", w)
		}
		if w, err := e.Wrap(nil); err == nil {
			t.Errorf("Wrap(nil) = %v", w)
		}
		client := dialTo(t, stdStack, ln)
		server := accept(t, ln)
		if w, err := e.WrapConn(ownConn{client}); err == nil {
			t.Errorf("WrapConn = %v", w)
		}
		p, q := net.Pipe()
		defer p.Close()
		defer q.Close()
		if w, err := e.WrapConn(p); err == nil {
			t.Errorf("WrapConn of a net.Pipe = %v", w)
		}
		if w, err := e.WrapConn(nil); err == nil {
			t.Errorf("WrapConn(nil) = %v", w)
		}
		write(t, client, "still ours")
		expect(t, server, "still ours")
	})
}

// Closed listeners and connections cannot be taken over.
func TestWrapClosed(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		if onStd(e) {
			return // std takes them as they are
		}
		ln := listen(t, stdStack, "tcp")
		client := dialTo(t, stdStack, ln)
		client.Close()
		ln.Close()
		if _, err := e.WrapConn(client); !errors.Is(err, net.ErrClosed) {
			t.Errorf("WrapConn of a closed connection: %v; want net.ErrClosed", err)
		}
		if _, err := e.Wrap(ln); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Wrap of a closed listener: %v; want net.ErrClosed", err)
		}
	})
}
