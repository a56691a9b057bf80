package uringnet_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand"
	"net"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// multipath is a stack whose TCP is MPTCP at both ends.
func multipath(s stack, e *uringnet.Engine) stack {
	if e == nil {
		var lc net.ListenConfig
		var d net.Dialer
		lc.SetMultipathTCP(true)
		d.SetMultipathTCP(true)
		return stack{
			s.name,
			func(network, address string) (net.Listener, error) {
				return lc.Listen(context.Background(), network, address)
			},
			d.Dial,
		}
	}
	lc := uringnet.ListenConfig{Engine: e}
	d := uringnet.Dialer{Engine: e}
	lc.SetMultipathTCP(true)
	d.SetMultipathTCP(true)
	return stack{
		s.name,
		func(network, address string) (net.Listener, error) {
			return lc.Listen(context.Background(), network, address)
		},
		d.Dial,
	}
}

// hasMPTCP reports whether this system makes MPTCP connections, as net finds.
func hasMPTCP(t *testing.T) bool {
	client, server := pair(t, multipath(stdStack, nil), "tcp")
	for _, c := range []net.Conn{client, server} {
		if is, err := c.(*net.TCPConn).MultipathTCP(); err != nil || !is {
			return false
		}
	}
	return true
}

// forMPTCP runs f on connections that really are MPTCP, with each kind of engine
// at either end and at both.
func forMPTCP(t *testing.T, f func(t *testing.T, connect func() (client, server net.Conn))) {
	t.Helper()
	if !hasMPTCP(t) {
		t.Log("net makes no MPTCP connections here")
		return
	}
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		std, ring := multipath(stdStack, nil), multipath(stackOf(e), e)
		for _, ends := range []struct {
			name             string
			clients, servers stack
		}{{"both", ring, ring}, {"server", std, ring}, {"client", ring, std}} {
			t.Run(ends.name, func(t *testing.T) {
				f(t, func() (client, server net.Conn) {
					client, server = mixedPair(t, ends.clients, ends.servers, "tcp")
					for _, c := range []net.Conn{client, server} {
						is, err := c.(interface{ MultipathTCP() (bool, error) }).MultipathTCP()
						if err != nil || !is {
							t.Fatalf("a %T with MultipathTCP = %v, %v", c, is, err)
						}
					}
					return client, server
				})
			})
		}
	})
}

// Small messages go to and fro, read in one piece or byte by byte, waiting or not.
func TestMPTCPPingPong(t *testing.T) {
	forMPTCP(t, func(t *testing.T, connect func() (client, server net.Conn)) {
		client, server := connect()
		rnd := rand.New(rand.NewSource(1))
		for i := range 300 {
			size := 1 + rnd.Intn(200)
			if i%20 == 19 {
				size = 50_000
			}
			from, to := client, server
			if i%2 == 1 {
				from, to = server, client
			}
			msg := string(randomBytes(int64(i), size))
			room := 1 + rnd.Intn(2*size)
			got := start("read", func() (string, error) { return readPieces(to, size, room) })
			if i%3 == 0 {
				got.blocked(t)
			}
			write(t, from, msg)
			if s, err := got.wait(t); s != msg || err != nil {
				t.Fatalf("round %d: %d of %d bytes, %v, or others", i, len(s), size, err)
			}
		}
	})
}

// readPieces reads n bytes by Reads of at most room.
func readPieces(c net.Conn, n, room int) (string, error) {
	var got []byte
	b := make([]byte, room)
	for len(got) < n {
		m, err := c.Read(b[:min(room, n-len(got))])
		got = append(got, b[:m]...)
		if err != nil {
			return string(got), err
		}
	}
	return string(got), nil
}

// Much goes both ways at once, whatever the sizes of Reads and Writes.
func TestMPTCPBulk(t *testing.T) {
	const size = 16 << 20
	forMPTCP(t, func(t *testing.T, connect func() (client, server net.Conn)) {
		client, server := connect()
		var calls []*call[struct{}]
		for i, ends := range [][2]net.Conn{{client, server}, {server, client}} {
			from, to := ends[0], ends[1]
			data := randomBytes(int64(i), size)
			calls = append(calls,
				startErr("write", func() error { return writeRandomly(from, data, int64(i)) }),
				startErr("read", func() error { return readRandomly(to, data, int64(i)) }))
		}
		for _, c := range calls {
			if _, err := c.wait(t); err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
		}
	})
}

func writeRandomly(c net.Conn, data []byte, seed int64) error {
	rnd := rand.New(rand.NewSource(seed))
	for len(data) > 0 {
		n := min(1+rnd.Intn(1<<uint(rnd.Intn(20))), len(data))
		if _, err := c.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

func readRandomly(c net.Conn, want []byte, seed int64) error {
	rnd := rand.New(rand.NewSource(seed + 100))
	b := make([]byte, 1<<18)
	for off := 0; off < len(want); {
		n, err := c.Read(b[:1+rnd.Intn(1<<uint(8+rnd.Intn(10)))])
		if !bytes.Equal(b[:n], want[off:min(off+n, len(want))]) {
			return fmt.Errorf("other bytes at %d", off)
		}
		if off += n; err != nil {
			return fmt.Errorf("after %d bytes: %w", off, err)
		}
	}
	return nil
}

// The end behind the last bytes is seen after them, with half of the connection
// still in use or none.
func TestMPTCPEnds(t *testing.T) {
	forMPTCP(t, func(t *testing.T, connect func() (client, server net.Conn)) {
		for i := range 30 {
			client, server := connect()
			if i%2 == 1 {
				client, server = server, client
			}
			data := randomBytes(int64(i), 1+i*i*100)
			all := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) })
			if i%3 == 0 {
				all.blocked(t)
			}
			write(t, client, string(data))
			must(t, client.(interface{ CloseWrite() error }).CloseWrite())
			if got, err := all.wait(t); err != nil || sha256.Sum256(got) != sha256.Sum256(data) {
				t.Fatalf("connection %d: %d of %d bytes, %v, or others", i, len(got), len(data), err)
			}
			back := start("ReadAll", func() ([]byte, error) { return io.ReadAll(client) })
			write(t, server, string(data))
			must(t, server.Close())
			if got, err := back.wait(t); err != nil || sha256.Sum256(got) != sha256.Sum256(data) {
				t.Fatalf("connection %d: back came %d of %d bytes, %v, or others", i, len(got), len(data), err)
			}
			must(t, client.Close())
		}
	})
}

// Deadlines and Close act on calls that wait, and what comes after a deadline is
// read.
func TestMPTCPWakes(t *testing.T) {
	forMPTCP(t, func(t *testing.T, connect func() (client, server net.Conn)) {
		client, server := connect()
		for _, d := range deadlines {
			r := startRead(server, 10).blocked(t)
			must(t, server.SetReadDeadline(d.at()))
			_, err := r.wait(t)
			checkTimeout(t, d.name, err)
			must(t, server.SetReadDeadline(time.Time{}))
			write(t, client, "x")
			expect(t, server, "x")
		}
		w := start("Write", func() (int, error) { return client.Write(zeros) }).blocked(t)
		must(t, client.SetWriteDeadline(aLongTimeAgo))
		n, err := w.wait(t)
		checkTimeout(t, "Write", err)
		must(t, client.SetWriteDeadline(time.Time{}))
		got := start("read", func() (string, error) { return readPieces(server, n+1, 1<<16) })
		write(t, client, "x")
		if s, err := got.wait(t); err != nil || len(s) != n+1 || s[n] != 'x' {
			t.Fatalf("after a Write that timed out: %d of %d bytes, %v", len(s), n+1, err)
		}
		r := startRead(server, 1).blocked(t)
		must(t, server.Close())
		if _, err := r.wait(t); err == nil {
			t.Error("a Read goes on after Close")
		}
	})
}

// io.Copy moves a connection to a connection, and a file, whatever it does it by.
func TestMPTCPCopy(t *testing.T) {
	const size = 8 << 20
	forMPTCP(t, func(t *testing.T, connect func() (client, server net.Conn)) {
		f, data := testFile(t, size)
		c1, s1 := connect()
		c2, s2 := connect()
		sent := startErr("file", func() error {
			_, err := io.Copy(c1, f)
			return err
		})
		through := startErr("through", func() error {
			_, err := io.Copy(c2, s1)
			if err == nil {
				err = c2.Close()
			}
			return err
		})
		got := start("ReadAll", func() ([]byte, error) { return io.ReadAll(s2) })
		_, err := sent.wait(t)
		must(t, err)
		must(t, c1.Close())
		_, err = through.wait(t)
		must(t, err)
		if b, err := got.wait(t); err != nil || sha256.Sum256(b) != sha256.Sum256(data) {
			t.Errorf("%d of %d bytes came, %v, or others", len(b), size, err)
		}
	})
}
