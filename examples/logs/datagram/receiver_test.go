package datagram

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

const patience = 20 * time.Second

// kinds are the ways to receive.
var kinds = map[string]func(c Conn, count, size int) (*Receiver, error){
	"of the system": NewReceiver,
	"plain": func(c Conn, _, size int) (*Receiver, error) {
		return &Receiver{in: newPlain(c, size)}, nil
	},
}

func forKinds(t *testing.T, f func(t *testing.T, make func(c Conn, count, size int) *Receiver)) {
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			f(t, func(c Conn, count, size int) *Receiver {
				t.Helper()
				r, err := kind(c, count, size)
				if err != nil {
					t.Fatal(err)
				}
				return r
			})
		})
	}
}

// listen opens a socket on an address of loopback.
func listen(t *testing.T, ip string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(ip)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

func send(t *testing.T, c net.Conn, b []byte) {
	t.Helper()
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, to net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(to.Network(), to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestReceive sends datagrams of all lengths around the limit by IPv4 and IPv6: each
// comes in order, with its sender, and those that were longer are marked.
func TestReceive(t *testing.T) {
	forKinds(t, func(t *testing.T, make func(c Conn, count, size int) *Receiver) {
		for _, ip := range []string{"127.0.0.1", "::1"} {
			socket := listen(t, ip)
			r := make(socket, 4, 100)
			sender := dial(t, socket.LocalAddr())
			from := sender.LocalAddr().(*net.UDPAddr).AddrPort()
			lengths := []int{0, 1, 99, 100, 101, 5000, 7}
			for i, n := range lengths {
				send(t, sender, bytes.Repeat([]byte{byte('a' + i)}, n))
			}
			for got := 0; got < len(lengths); {
				list, err := r.Receive()
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range list {
					n := lengths[got]
					if want := bytes.Repeat([]byte{byte('a' + got)}, min(n, 100)); !bytes.Equal(m.Data, want) || m.Cut != (n > 100) || m.From != from {
						t.Errorf("%s, datagram %d of %d bytes: %d bytes %.3q, cut: %v, from %v; want %v", ip, got, n, len(m.Data), m.Data, m.Cut, m.From, from)
					}
					got++
				}
			}
		}
	})
}

// TestMapped: a sender of IPv4 is one, on a socket of both.
func TestMapped(t *testing.T) {
	forKinds(t, func(t *testing.T, make func(c Conn, count, size int) *Receiver) {
		socket := listen(t, "::")
		r := make(socket, 1, 10)
		port := socket.LocalAddr().(*net.UDPAddr).Port
		sender := dial(t, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		send(t, sender, []byte("x"))
		list, err := r.Receive()
		if want := netip.MustParseAddr("127.0.0.1"); err != nil || len(list) != 1 || list[0].From.Addr() != want {
			t.Errorf("%v, %v; want from %v", list, err, want)
		}
	})
}

// TestUnix receives on a unix socket, where senders have no address.
func TestUnix(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no unix datagram sockets on Windows")
	}
	forKinds(t, func(t *testing.T, make func(c Conn, count, size int) *Receiver) {
		addr := &net.UnixAddr{Net: "unixgram", Name: filepath.Join(t.TempDir(), "s")}
		socket, err := net.ListenUnixgram("unixgram", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		r := make(socket, 2, 4)
		sender := dial(t, addr)
		send(t, sender, []byte("four"))
		send(t, sender, []byte("fives"))
		var got []string
		for len(got) < 2 {
			list, err := r.Receive()
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				got = append(got, fmt.Sprintf("%s %v %v", m.Data, m.Cut, m.From.IsValid()))
			}
		}
		if want := "[four false false five true false]"; fmt.Sprint(got) != want {
			t.Errorf("%v; want %v", got, want)
		}
	})
}

// rest is Rest without errors. Plain receivers have none.
func (r *Receiver) rest(t *testing.T) []Message {
	t.Helper()
	list, err := r.Rest()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestEnds: a deadline and Close end Receive; what is there by the deadline can still
// be taken on Linux.
func TestEnds(t *testing.T) {
	forKinds(t, func(t *testing.T, make func(c Conn, count, size int) *Receiver) {
		socket := listen(t, "127.0.0.1")
		r := make(socket, 2, 10)
		if list := r.rest(t); len(list) != 0 {
			t.Errorf("%v of an empty socket", list)
		}
		sender := dial(t, socket.LocalAddr())
		for i := range 3 {
			send(t, sender, fmt.Append(nil, i))
		}
		if err := socket.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after the deadline: %v", err)
		}
		if _, system := r.in.(*plain); !system && runtime.GOOS == "linux" {
			var got []string
			for list := r.rest(t); len(list) > 0; list = r.rest(t) {
				for _, m := range list {
					got = append(got, string(m.Data))
				}
			}
			if fmt.Sprint(got) != "[0 1 2]" {
				t.Errorf("the rest is %v", got)
			}
		}
		socket.Close()
		if _, err := r.Receive(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// TestDropsCounter follows the kernel's counter through its end, and back.
func TestDropsCounter(t *testing.T) {
	var d drops
	for _, c := range []struct {
		n    uint32
		want uint64
	}{{0, 0}, {5, 5}, {5, 5}, {3, 5}, {1 << 30, 1 << 30}, {2 << 30, 2 << 30}, {1<<32 - 1, 1<<32 - 1}, {4, 1<<32 + 4}} {
		d.note(c.n)
		if got := d.sum(); got != c.want {
			t.Errorf("after %d: %d; want %d", c.n, got, c.want)
		}
	}
}
