package uringnet_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// listenerMethods is what the listeners of net and of uringnet have in common.
type listenerMethods interface {
	net.Listener
	syscall.Conn
	SetDeadline(time.Time) error
	File() (*os.File, error)
}

func (l *errorLog) accept(t *testing.T, ln net.Listener) {
	t.Helper()
	c, err := start("Accept", ln.Accept).wait(t)
	l.add("Accept", c, err) // c prints as nil: all these fail
}

var listenScenarios = []scenario{
	{"accept timeouts", "", func(t *testing.T, s stack, network string) []string {
		ln := listen(t, s, network).(listenerMethods)
		l := errorLog{as: addresses{"listener": ln.Addr()}}
		for _, d := range deadlines {
			l.err("SetDeadline", ln.SetDeadline(d.at()))
			l.accept(t, ln)
			l.accept(t, ln)
		}
		return l.lines
	}},
	{"use after close", "", func(t *testing.T, s stack, network string) []string {
		ln := listen(t, s, network).(listenerMethods)
		l := errorLog{as: addresses{"listener": ln.Addr()}}
		rc, err := ln.SyscallConn()
		must(t, err)
		l.err("RawRead", rc.Read(func(uintptr) bool { return true }))
		l.err("RawWrite", rc.Write(func(uintptr) bool { return true }))
		l.err("Close", ln.Close())
		l.err("Close", ln.Close())
		l.accept(t, ln)
		l.err("SetDeadline", ln.SetDeadline(time.Now()))
		_, err = ln.File()
		l.err("File", err)
		_, err = ln.SyscallConn()
		l.err("SyscallConn", err)
		l.err("Control", rc.Control(func(uintptr) {}))
		return l.lines
	}},
	{"accept woken by close", "", func(t *testing.T, s stack, network string) []string {
		ln := listen(t, s, network)
		l := errorLog{as: addresses{"listener": ln.Addr()}}
		a := start("Accept", ln.Accept).blocked(t)
		l.err("Close", ln.Close())
		_, err := a.wait(t)
		l.err("Accept", err)
		return l.lines
	}},
	{"address in use", "", func(t *testing.T, s stack, network string) []string {
		ln := listen(t, s, network)
		l := errorLog{as: addresses{"listener": ln.Addr()}}
		ln2, err := s.listen(network, ln.Addr().String())
		l.add("Listen", ln2, err)
		return l.lines
	}},
	{"unix paths", "unix", func(t *testing.T, s stack, network string) []string {
		var l errorLog
		path := socketPath(t)
		must(t, os.WriteFile(path, nil, 0o600))
		for _, p := range []string{path, filepath.Join(path, "below"), "/nonexistent/dir/s", strings.Repeat("x", 200)} {
			ln, err := s.listen(network, p)
			l.add("Listen", ln, err)
		}
		for i := range l.lines {
			l.lines[i] = strings.ReplaceAll(l.lines[i], path, "PATH")
		}
		return l.lines
	}},
	{"bad addresses", "tcp", func(t *testing.T, s stack, _ string) []string {
		var l errorLog
		for _, c := range [][2]string{
			{"tcp", "127.0.0.1"}, {"tcp", "127.0.0.1:99999"}, {"tcp", "256.0.0.1:0"}, {"tcp", "[::1"},
			{"tcp", "127.0.0.1:nosuchservice"}, {"tcp4", "[::1]:0"}, {"tcp6", "127.0.0.1:0"},
			{"tcp", "192.0.2.1:0"}, // not an address of this machine
			{"tpc", "127.0.0.1:0"}, {"", "127.0.0.1:0"}, {"udp", "127.0.0.1:0"}, {"unixgram", "/nonexistent/s"}, {"ip:tcp", "127.0.0.1"},
		} {
			ln, err := s.listen(c[0], c[1])
			l.add("Listen "+c[0]+" "+c[1], ln, err)
		}
		return l.lines
	}},
}

// Errors of listeners are net's (peer failing #8).
func TestListenErrors(t *testing.T) {
	compareWithNet(t, listenScenarios)
}

// typedStack is the functions of net that take addresses of a type.
type typedStack struct {
	listenTCP  func(string, *net.TCPAddr) (net.Listener, error)
	listenUnix func(string, *net.UnixAddr) (net.Listener, error)
	dialTCP    func(string, *net.TCPAddr, *net.TCPAddr) (net.Conn, error)
	dialUnix   func(string, *net.UnixAddr, *net.UnixAddr) (net.Conn, error)
}

var stdTyped = typedStack{
	func(n string, a *net.TCPAddr) (net.Listener, error) { return net.ListenTCP(n, a) },
	func(n string, a *net.UnixAddr) (net.Listener, error) { return net.ListenUnix(n, a) },
	func(n string, a, b *net.TCPAddr) (net.Conn, error) { return net.DialTCP(n, a, b) },
	func(n string, a, b *net.UnixAddr) (net.Conn, error) { return net.DialUnix(n, a, b) },
}

func typedOf(e *uringnet.Engine) typedStack {
	return typedStack{
		func(n string, a *net.TCPAddr) (net.Listener, error) { return e.ListenTCP(n, a) },
		func(n string, a *net.UnixAddr) (net.Listener, error) { return e.ListenUnix(n, a) },
		func(n string, a, b *net.TCPAddr) (net.Conn, error) { return e.DialTCP(n, a, b) },
		func(n string, a, b *net.UnixAddr) (net.Conn, error) { return e.DialUnix(n, a, b) },
	}
}

// The functions with typed addresses fail as net's do.
func TestTypedErrors(t *testing.T) {
	run := func(s typedStack) []string {
		var l errorLog
		tcp, unix := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, &net.UnixAddr{Net: "unix", Name: "/nonexistent/s"}
		fail := func(what string, err error) { l.err(what, err) }
		_, err := s.listenTCP("udp", nil)
		fail("ListenTCP udp", err)
		_, err = s.listenTCP("tcp", tcp)
		fail("ListenTCP", err)
		_, err = s.listenUnix("unixgram", unix)
		fail("ListenUnix unixgram", err)
		_, err = s.listenUnix("unix", nil)
		fail("ListenUnix nil", err)
		_, err = s.listenUnix("unix", unix)
		fail("ListenUnix", err)
		_, err = s.dialTCP("udp", nil, tcp)
		fail("DialTCP udp", err)
		_, err = s.dialTCP("tcp", nil, nil)
		fail("DialTCP nil", err)
		_, err = s.dialTCP("tcp", tcp, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1})
		fail("DialTCP from a foreign address", err)
		_, err = s.dialUnix("tcp", nil, unix)
		fail("DialUnix tcp", err)
		_, err = s.dialUnix("unix", nil, unix)
		fail("DialUnix", err)
		_, err = s.dialUnix("unix", nil, nil)
		fail("DialUnix nil", err)
		return l.lines
	}
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		compareLines(t, run(typedOf(e)), run(stdTyped))
	})
}

// refusedAddress returns an address of this machine where nobody listens.
func refusedAddress(t *testing.T, network string) string {
	t.Helper()
	ln := listen(t, stdStack, network)
	ln.Close()
	return ln.Addr().String()
}

// Dial fails as net.Dial does.
func TestDialErrors(t *testing.T) {
	type dialCase struct{ name, network, address string }
	run := func(dial func(network, address string) (net.Conn, error), cases []dialCase) []string {
		var l errorLog
		for _, c := range cases {
			conn, err := dial(c.network, c.address)
			l.add(c.name, conn, err)
		}
		return l.lines
	}
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		cases := []dialCase{
			{"refused", "tcp", refusedAddress(t, "tcp")},
			{"no file", "unix", socketPath(t)},
			{"no port", "tcp", "127.0.0.1"},
			{"bad port", "tcp", "127.0.0.1:99999"},
			{"unknown network", "tpc", "127.0.0.1:1"},
			{"wrong family", "tcp4", "[::1]:1"},
			{"empty", "tcp", ""},
			{"bad udp", "udp", "127.0.0.1"},
			{"bad unixpacket", "unixpacket", "/nonexistent/s"},
			{"bad unixgram", "unixgram", "/nonexistent/s"},
		}
		compareLines(t, run(e.Dial, cases), run(net.Dial, cases))

		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		late, cancel := context.WithDeadline(t.Context(), aLongTimeAgo)
		defer cancel()
		for _, ctx := range []context.Context{canceled, late} {
			ours, theirs := uringnet.Dialer{Engine: e}, net.Dialer{}
			compareLines(t,
				run(func(n, a string) (net.Conn, error) { return ours.DialContext(ctx, n, a) }, cases[:2]),
				run(func(n, a string) (net.Conn, error) { return theirs.DialContext(ctx, n, a) }, cases[:2]))
		}
		compareLines(t,
			run(func(n, a string) (net.Conn, error) { return e.DialTimeout(n, a, -1) }, cases[:1]),
			run(func(n, a string) (net.Conn, error) { return net.DialTimeout(n, a, -1) }, cases[:1]))
	})
}
