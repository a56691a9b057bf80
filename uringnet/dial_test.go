//go:build linux

package uringnet_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// Every way of dialing connects.
func TestDial(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			ln := listen(t, stackOf(e), network)
			addr := ln.Addr().String()
			d := uringnet.Dialer{Engine: e}
			ways := map[string]func() (net.Conn, error){
				"Dial":          func() (net.Conn, error) { return e.Dial(network, addr) },
				"DialTimeout":   func() (net.Conn, error) { return e.DialTimeout(network, addr, patience) },
				"Dialer.Dial":   func() (net.Conn, error) { return d.Dial(network, addr) },
				"DialContext":   func() (net.Conn, error) { return d.DialContext(t.Context(), network, addr) },
				"package level": func() (net.Conn, error) { return uringnet.Dial(network, addr) },
			}
			if a, ok := ln.Addr().(*net.TCPAddr); ok {
				ways["DialTCP"] = func() (net.Conn, error) { return e.DialTCP(network, nil, a) }
			}
			for name, dial := range ways {
				c, err := start(name, dial).wait(t)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				server := accept(t, ln)
				write(t, c, name)
				expect(t, server, name)
				if c.RemoteAddr().String() != addr {
					t.Errorf("%s: RemoteAddr() = %v; want %v", name, c.RemoteAddr(), addr)
				}
				c.Close()
			}
		})
	})
}

// LocalAddr, Control and ControlContext are used.
func TestDialerFields(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stackOf(e), "tcp")
		type key struct{}
		var controlled []string
		d := uringnet.Dialer{
			Engine:    e,
			LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)},
			Control: func(network, address string, _ syscall.RawConn) error {
				controlled = append(controlled, "Control "+network+" "+address)
				return nil
			},
		}
		dial := func(ctx context.Context) {
			t.Helper()
			c, err := d.DialContext(ctx, "tcp", ln.Addr().String())
			must(t, err)
			defer c.Close()
			if host := c.LocalAddr().(*net.TCPAddr).IP.String(); host != "127.0.0.2" {
				t.Errorf("local address %s; want 127.0.0.2", host)
			}
		}
		dial(t.Context())
		d.ControlContext = func(ctx context.Context, network, address string, _ syscall.RawConn) error {
			controlled = append(controlled, fmt.Sprint("ControlContext ", network, " ", address, " ", ctx.Value(key{})))
			return nil
		}
		dial(context.WithValue(t.Context(), key{}, "mine"))
		addr := ln.Addr().String()
		compareLines(t, controlled, []string{"Control tcp4 " + addr, "ControlContext tcp4 " + addr + " mine"})

		d.ControlContext = func(context.Context, string, string, syscall.RawConn) error { return errBad }
		if c, err := d.Dial("tcp", addr); !errors.Is(err, errBad) {
			t.Errorf("Dial with failing Control = %v, %v", c, err)
		}
	})
}

// blockedDialer returns a dialer whose connect has begun when started is
// closed, and does not end before its context does.
func blockedDialer(e *uringnet.Engine) (d *uringnet.Dialer, started chan struct{}) {
	started = make(chan struct{})
	var once sync.Once
	d = &uringnet.Dialer{Engine: e}
	d.ControlContext = func(ctx context.Context, _, _ string, _ syscall.RawConn) error {
		once.Do(func() { close(started) })
		return nil
	}
	return d, started
}

// Cancelling the context, or its deadline, ends a connect in flight (peer
// failing #11).
func TestDialCancel(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		addr := fullListener(t, "127.0.0.1:0")
		d, started := blockedDialer(e)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		dial := start("DialContext", func() (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) })
		<-started
		dial.blocked(t)
		cancel()
		if _, err := dial.wait(t); !strings.Contains(fmt.Sprint(err), "operation was canceled") {
			t.Errorf("canceled DialContext: %v", err)
		}

		d, started = blockedDialer(e)
		d.Timeout = 20 * time.Millisecond
		dial = start("Dial with Timeout", func() (net.Conn, error) { return d.Dial("tcp", addr) })
		<-started
		_, err := dial.wait(t)
		var ne net.Error
		if !errors.As(err, &ne) || !ne.Timeout() {
			t.Errorf("Dial with Timeout: %v", err)
		}

		d, started = blockedDialer(e)
		stop := make(chan struct{})
		d.Cancel = stop // still part of the API
		dial = start("Dial with Cancel", func() (net.Conn, error) { return d.Dial("tcp", addr) })
		<-started
		close(stop)
		if c, err := dial.wait(t); err == nil {
			c.Close()
			t.Error("Dial with Cancel succeeded")
		}
	})
}

// A context that ends after the connect does not touch the connection.
func TestDialContextEndsLater(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stackOf(e), "tcp")
		ctx, cancel := context.WithCancel(t.Context())
		d := uringnet.Dialer{Engine: e}
		c, err := d.DialContext(ctx, "tcp", ln.Addr().String())
		must(t, err)
		defer c.Close()
		server := accept(t, ln)
		r := startRead(c, 1).blocked(t)
		cancel()
		write(t, server, "x")
		if got, err := r.wait(t); got != "x" || err != nil {
			t.Errorf("Read = %q, %v", got, err)
		}
	})
}

// Networks that the rings do not carry are net's.
func TestOtherNetworks(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		must(t, err)
		defer pc.Close()
		c, err := e.Dial("udp", pc.LocalAddr().String())
		must(t, err)
		defer c.Close()
		if _, ok := c.(*net.UDPConn); !ok {
			t.Errorf("Dial(udp) = %T; want net's", c)
		}
		write(t, c, "datagram")
		b := make([]byte, 100)
		must(t, pc.SetReadDeadline(time.Now().Add(patience)))
		if n, _, err := pc.ReadFrom(b); string(b[:n]) != "datagram" || err != nil {
			t.Errorf("ReadFrom = %q, %v", b[:n], err)
		}
		lc := uringnet.ListenConfig{Engine: e}
		pc2, err := lc.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
		must(t, err)
		pc2.Close()
	})
}
