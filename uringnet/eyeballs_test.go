//go:build linux

package uringnet_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
	"github.com/uringnet/go-uringnet/uringnet"
)

// fullListener listens on the address with a backlog that is full: the kernel
// drops further connects, so that they neither succeed nor fail.
func fullListener(t *testing.T, address string) (actual string) {
	t.Helper()
	s, err := bindTo(netip.MustParseAddrPort(address))
	must(t, err)
	return fill(t, s)
}

// bindTo returns a socket that is bound and does not listen: connections to it
// are refused, and nobody else gets its port.
func bindTo(ap netip.AddrPort) (sysfd int, err error) {
	family, sa := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: int(ap.Port())})
	if ap.Addr().Is6() {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Addr: ap.Addr().As16(), Port: int(ap.Port())}
	}
	s, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.Bind(s, sa); err != nil {
		unix.Close(s)
		return -1, err
	}
	return s, nil
}

// fill listens on a bound socket with a backlog of nothing and fills it, until
// the test ends.
func fill(t *testing.T, s int) (actual string) {
	t.Helper()
	t.Cleanup(func() { unix.Close(s) })
	must(t, unix.Listen(s, 0))
	sa, err := unix.Getsockname(s)
	must(t, err)
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		actual = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)).String()
	case *unix.SockaddrInet6:
		actual = netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port)).String()
	}
	for range 10 {
		c, err := net.DialTimeout("tcp", actual, 50*time.Millisecond)
		if err != nil {
			return actual
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Fatal("the backlog does not fill")
	return ""
}

// listenBeside listens on 127.0.0.1 at a port that is bound, and refuses, on ::1.
func listenBeside(t *testing.T, e *uringnet.Engine) (ln net.Listener, port uint16, six int) {
	t.Helper()
	for range 10 {
		ln = listen(t, stackOf(e), "tcp")
		port = netip.MustParseAddrPort(ln.Addr().String()).Port()
		six, err := bindTo(netip.AddrPortFrom(netip.IPv6Loopback(), port))
		if err == nil {
			return ln, port, six
		}
		ln.Close() // somebody else has it there
	}
	t.Fatal("no port is free on both addresses")
	return nil, 0, -1
}

// fakeResolver resolves every name to 127.0.0.1 and ::1.
func fakeResolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			for answerDNS(server) == nil {
			}
		}()
		return client, nil
	}}
}

// answerDNS answers one question of the stream protocol.
func answerDNS(c net.Conn) error {
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return err
	}
	buf := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, buf); err != nil {
		return err
	}
	var p dnsmessage.Parser
	h, err := p.Start(buf)
	if err != nil {
		return err
	}
	q, err := p.Question()
	if err != nil {
		return err
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: h.ID, Response: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{q},
	}
	answer := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60}}
	switch q.Type {
	case dnsmessage.TypeA:
		answer.Body = &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}
	case dnsmessage.TypeAAAA:
		answer.Body = &dnsmessage.AAAAResource{AAAA: netip.IPv6Loopback().As16()}
	}
	m.Answers = []dnsmessage.Resource{answer}
	out, err := m.Pack()
	if err != nil {
		return err
	}
	_, err = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...))
	return err
}

// Of two addresses the one that answers wins, whether the other refuses or
// keeps silent, and the other attempt is ended without a trace (peer failing
// #11).
func TestHappyEyeballs(t *testing.T) {
	if !hasIPv6() {
		t.Log("no ::1 on this machine: nothing to choose from")
		return
	}
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		ln, port, six := listenBeside(t, e)
		dial := func(d uringnet.Dialer) {
			t.Helper()
			d.Engine, d.Resolver = e, fakeResolver()
			address := netip.AddrPortFrom(netip.IPv6Loopback(), port).String()
			address = "both.test." + address[len("[::1]"):]
			c, err := start("Dial", func() (net.Conn, error) { return d.Dial("tcp", address) }).wait(t)
			must(t, err)
			defer c.Close()
			if got := c.RemoteAddr().String(); got != ln.Addr().String() {
				t.Errorf("connected to %s; want %v", got, ln.Addr())
			}
			server := accept(t, ln)
			write(t, c, "x")
			expect(t, server, "x")
			server.Close()
		}
		for _, delay := range []time.Duration{0, time.Millisecond, -1} {
			dial(uringnet.Dialer{FallbackDelay: delay}) // ::1 refuses
		}
		fill(t, six)
		before := leakcheck.Take()
		for range 3 {
			dial(uringnet.Dialer{FallbackDelay: time.Millisecond}) // ::1 is silent
		}
		if err := before.Check(10 * time.Second); err != nil {
			t.Errorf("attempts that lost: %v", err)
		}
	})
}
