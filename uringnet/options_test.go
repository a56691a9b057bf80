//go:build linux

package uringnet_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// getsockopt reads an integer option of a connection or listener.
func getsockopt(t *testing.T, c any, level, opt int) int {
	t.Helper()
	rc, err := c.(syscall.Conn).SyscallConn()
	must(t, err)
	var v int
	var optErr error
	must(t, rc.Control(func(fd uintptr) { v, optErr = unix.GetsockoptInt(int(fd), level, opt) }))
	must(t, optErr)
	return v
}

// options says how a TCP connection is set up.
func options(t *testing.T, c any) string {
	t.Helper()
	return fmt.Sprintf("nodelay=%d keepalive=%d idle=%d interval=%d count=%d",
		getsockopt(t, c, unix.IPPROTO_TCP, unix.TCP_NODELAY),
		getsockopt(t, c, unix.SOL_SOCKET, unix.SO_KEEPALIVE),
		getsockopt(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE),
		getsockopt(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL),
		getsockopt(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPCNT))
}

const defaultOptions = "nodelay=1 keepalive=1 idle=15 interval=15 count=9"

func checkOptions(t *testing.T, what string, c any, want string) {
	t.Helper()
	if got := options(t, c); got != want {
		t.Errorf("%s: %s; want %s", what, got, want)
	}
}

// Accepted and dialed connections have TCP_NODELAY and keep-alive at 15 s, 15
// s and 9 probes (peer failing #9).
func TestDefaultOptions(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, network := range []string{"tcp", "tcp6"} {
			if network == "tcp6" && !hasIPv6() {
				continue
			}
			ln := listen(t, stackOf(e), network)
			for i := range 3 {
				checkOptions(t, "dialed", dialTo(t, stackOf(e), ln), defaultOptions)
				checkOptions(t, fmt.Sprintf("%s, accepted as number %d", network, i), accept(t, ln), defaultOptions)
			}
		}
	})
}

// KeepAlive and KeepAliveConfig act as they do in net.
func TestKeepAliveConfig(t *testing.T) {
	cases := []struct {
		period time.Duration
		config net.KeepAliveConfig
		want   string
	}{
		{30 * time.Second, net.KeepAliveConfig{}, "nodelay=1 keepalive=1 idle=30 interval=15 count=9"},
		{0, net.KeepAliveConfig{Enable: true}, defaultOptions},
		{-1, net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 4 * time.Second, Count: 3},
			"nodelay=1 keepalive=1 idle=5 interval=4 count=3"},
		{0, net.KeepAliveConfig{Enable: true, Idle: -1, Interval: 4 * time.Second, Count: -1},
			"nodelay=1 keepalive=1 idle=7200 interval=4 count=9"},
		{-1, net.KeepAliveConfig{}, "nodelay=1 keepalive=0 idle=7200 interval=75 count=9"},
	}
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for i, c := range cases {
			what := fmt.Sprintf("case %d", i)
			lc := uringnet.ListenConfig{Engine: e, KeepAlive: c.period, KeepAliveConfig: c.config}
			ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
			must(t, err)
			d := uringnet.Dialer{Engine: e, KeepAlive: c.period, KeepAliveConfig: c.config}
			for range 2 {
				client, err := d.DialContext(t.Context(), "tcp", ln.Addr().String())
				must(t, err)
				checkOptions(t, what+", dialed", client, c.want)
				server := accept(t, ln)
				checkOptions(t, what+", accepted", server, c.want)
				client.Close()
				server.Close()
			}
			ln.Close()
		}
	})
}

// A Control function's options reach accepted connections; none that nobody
// asked for are set (peer failing #10).
func TestListenOptions(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stackOf(e), "tcp")
		std := listen(t, stdStack, "tcp")
		for name, o := range map[string][2]int{
			"SO_REUSEPORT":     {unix.SOL_SOCKET, unix.SO_REUSEPORT},
			"SO_REUSEADDR":     {unix.SOL_SOCKET, unix.SO_REUSEADDR},
			"TCP_DEFER_ACCEPT": {unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT},
			"TCP_FASTOPEN":     {unix.IPPROTO_TCP, unix.TCP_FASTOPEN},
			"SO_BUSY_POLL":     {unix.SOL_SOCKET, unix.SO_BUSY_POLL},
		} {
			if got, want := getsockopt(t, ln, o[0], o[1]), getsockopt(t, std, o[0], o[1]); got != want {
				t.Errorf("listener has %s = %d; net's has %d", name, got, want)
			}
		}
		// A client that says nothing is accepted all the same.
		dialTo(t, stackOf(e), ln)
		accept(t, ln)

		called := ""
		lc := uringnet.ListenConfig{Engine: e, Control: func(network, address string, c syscall.RawConn) error {
			called = network + " " + address
			return c.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		}}
		ln2, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
		must(t, err)
		defer ln2.Close()
		if called != "tcp4 127.0.0.1:0" {
			t.Errorf("Control called with %q", called)
		}
		if getsockopt(t, ln2, unix.SOL_SOCKET, unix.SO_REUSEPORT) != 1 {
			t.Error("what Control set is gone")
		}
	})
}

// The setters reach the socket.
func TestSetOptions(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		_, server := pair(t, stackOf(e), "tcp")
		c := server.(tcpMethods)
		must(t, c.SetNoDelay(false))
		must(t, c.SetKeepAlivePeriod(7*time.Second))
		checkOptions(t, "after SetKeepAlivePeriod", c, "nodelay=0 keepalive=1 idle=7 interval=15 count=9")
		must(t, c.SetKeepAlive(false))
		must(t, c.SetNoDelay(true))
		must(t, c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 3 * time.Second, Interval: time.Second, Count: 2}))
		checkOptions(t, "after SetKeepAliveConfig", c, "nodelay=1 keepalive=1 idle=3 interval=1 count=2")
		must(t, c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 1500 * time.Millisecond}))
		checkOptions(t, "with a part of a second", c, "nodelay=1 keepalive=1 idle=2 interval=15 count=9")
		must(t, c.SetReadBuffer(8192))
		must(t, c.SetWriteBuffer(16384))
		if got := getsockopt(t, c, unix.SOL_SOCKET, unix.SO_RCVBUF); got != 2*8192 {
			t.Errorf("SO_RCVBUF = %d", got)
		}
		if got := getsockopt(t, c, unix.SOL_SOCKET, unix.SO_SNDBUF); got != 2*16384 {
			t.Errorf("SO_SNDBUF = %d", got)
		}
		for _, sec := range []int{0, 7, -1} {
			must(t, c.SetLinger(sec))
		}
		if mptcp, err := c.MultipathTCP(); mptcp || err != nil {
			t.Errorf("MultipathTCP = %v, %v", mptcp, err)
		}
	})
}

// Every descriptor is close-on-exec and nonblocking, as net's are (peer
// failing #18).
func TestDescriptorFlags(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			ln := listen(t, stackOf(e), network)
			client := dialTo(t, stackOf(e), ln)
			server := accept(t, ln)
			for what, c := range map[string]any{"listener": ln, "dialed": client, "accepted": server} {
				rc, err := c.(syscall.Conn).SyscallConn()
				must(t, err)
				must(t, rc.Control(func(fd uintptr) {
					flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0)
					if err != nil || flags&unix.FD_CLOEXEC == 0 {
						t.Errorf("%s: F_GETFD = %#x, %v; want close-on-exec", what, flags, err)
					}
				}))
			}
			f, err := server.(connMethods).File()
			must(t, err)
			defer f.Close()
			flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFD, 0)
			if err != nil || flags&unix.FD_CLOEXEC == 0 {
				t.Errorf("File: F_GETFD = %#x, %v; want close-on-exec", flags, err)
			}
		})
	})
}

// Addresses have a real port (peer failing #12) and are the same from both
// ends.
func TestAddresses(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, c := range [][2]string{{"tcp", "127.0.0.1:0"}, {"tcp", ":0"}, {"tcp4", ":0"}, {"tcp6", ":0"}, {"tcp", "localhost:0"}} {
			if c[0] == "tcp6" && !hasIPv6() {
				continue
			}
			ln, err := e.Listen(c[0], c[1])
			must(t, err)
			addr, ok := ln.Addr().(*net.TCPAddr)
			if !ok || addr.Port == 0 {
				t.Fatalf("Listen(%v).Addr() = %T %v; want a *net.TCPAddr with a port", c, ln.Addr(), ln.Addr())
			}
			std, err := net.Listen(c[0], c[1])
			must(t, err)
			std.Close()
			host := func(a net.Addr) string { return strings.TrimRight(a.String(), "0123456789") }
			if host(addr) != host(std.Addr()) {
				t.Errorf("Listen(%v).Addr() = %v; net's is %v", c, addr, std.Addr())
			}
			client := dialTo(t, stackOf(e), ln)
			server := accept(t, ln)
			if client.LocalAddr().String() != server.RemoteAddr().String() || client.RemoteAddr().String() != server.LocalAddr().String() {
				t.Errorf("ends differ: %v->%v and %v->%v",
					client.LocalAddr(), client.RemoteAddr(), server.LocalAddr(), server.RemoteAddr())
			}
			client.Close()
			server.Close()
			if server.RemoteAddr() == nil || ln.Close() != nil || ln.Addr() == nil {
				t.Error("addresses gone after Close")
			}
		}
	})
}
