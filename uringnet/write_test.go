package uringnet_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// gatherer is what uringnet's connections have for net.Buffers.
type gatherer interface {
	WriteBuffers(*net.Buffers) (int64, error)
}

// slowSum reads c to the end in small pieces and returns the hash.
func slowSum(c net.Conn, seed int64) *call[[32]byte] {
	return start("slow reader", func() (sum [32]byte, err error) {
		rnd := rand.New(rand.NewSource(seed))
		h := sha256.New()
		buf := make([]byte, 64<<10)
		for {
			n, err := c.Read(buf[:1+rnd.Intn(len(buf))])
			h.Write(buf[:n])
			if err == io.EOF {
				return [32]byte(h.Sum(nil)), nil
			}
			if err != nil {
				return sum, err
			}
			if rnd.Intn(16) == 0 {
				time.Sleep(time.Millisecond) // slow
			}
		}
	})
}

// checkSum checks that the reader got data and nothing else.
func checkSum(t *testing.T, r *call[[32]byte], data []byte) {
	t.Helper()
	sum, err := r.wait(t)
	if err != nil || sum != sha256.Sum256(data) {
		t.Fatalf("reader got other bytes than were written, or %v", err)
	}
}

// A large Write to a slow reader writes everything (peer failing #6).
func TestLargeWrite(t *testing.T) {
	data := randomBytes(7, 8<<20)
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, network := range []string{"tcp", "unix"} {
			if network == "unix" && len(networks()) < 2 {
				continue
			}
			client, server := pair(t, stackOf(e), network)
			r := slowSum(server, 7)
			w := start("Write", func() (int, error) { return client.Write(data) })
			if n, err := w.wait(t); n != len(data) || err != nil {
				t.Fatalf("Write = %d, %v; want %d", n, err, len(data))
			}
			must(t, client.Close())
			checkSum(t, r, data)
		}
	})
}

// Both directions at once with large writes do not lock each other.
func TestFullDuplex(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		a, b := randomBytes(1, 2<<20), randomBytes(2, 2<<20)
		send := func(c net.Conn, data []byte) *call[struct{}] {
			return startErr("Write", func() error {
				_, err := c.Write(data)
				return errors.Join(err, c.(connMethods).CloseWrite())
			})
		}
		ra, rb := slowSum(server, 1), slowSum(client, 2)
		wa, wb := send(client, a), send(server, b)
		for _, w := range []*call[struct{}]{wa, wb} {
			if _, err := w.wait(t); err != nil {
				t.Fatal(err)
			}
		}
		checkSum(t, ra, a)
		checkSum(t, rb, b)
	})
}

// Concurrent Writes do not mix.
func TestConcurrentWrites(t *testing.T) {
	const writers, rounds, size = 4, 5, 200_000
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		var calls []*call[struct{}]
		for w := range writers {
			calls = append(calls, startErr("Write", func() error {
				for range rounds {
					if n, err := client.Write(bytes.Repeat([]byte{byte('a' + w)}, size)); n != size || err != nil {
						return fmt.Errorf("Write = %d, %v", n, err)
					}
				}
				return nil
			}))
		}
		for range writers * rounds {
			got, err := start("read", func() (string, error) { return readN(server, size) }).wait(t)
			must(t, err)
			if strings.Trim(got, got[:1]) != "" {
				t.Fatal("one Write's bytes amid another's")
			}
		}
		for _, c := range calls {
			if _, err := c.wait(t); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Write's slice is the caller's again when it returns.
func TestWriteDoesNotKeep(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		r := start("read", func() ([]byte, error) { return io.ReadAll(server) })
		var want []byte
		buf := make([]byte, 3000)
		for i := range 100 {
			for j := range buf {
				buf[j] = byte(i)
			}
			want = append(want, buf...)
			if _, err := client.Write(buf); err != nil {
				t.Fatal(err)
			}
		}
		must(t, client.Close())
		if got, err := r.wait(t); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes differ from the %d written, or %v", len(got), len(want), err)
		}
	})
}

// One connection that nobody reads stalls no other (peer failing #17).
func TestUnreadConnectionStallsNobody(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		s := stackOf(e)
		flood := randomBytes(3, 4<<20)
		var floods []*call[int]
		var unread []net.Conn
		for range 4 {
			client, server := pair(t, s, "tcp")
			expectAfterWrite(t, client, server) // so that receiving ahead has begun
			floods = append(floods, start("flood", func() (int, error) { return client.Write(flood) }))
			unread = append(unread, server)
		}
		client, server := pair(t, s, "tcp")
		for range 200 {
			expectAfterWrite(t, client, server)
		}
		for i, c := range unread {
			got, err := start("read", func() (string, error) { return readN(c, len(flood)) }).wait(t)
			if err != nil || got != string(flood) {
				t.Fatalf("connection left unread: %d bytes, %v", len(got), err)
			}
			if _, err := floods[i].wait(t); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func expectAfterWrite(t *testing.T, from, to net.Conn) {
	t.Helper()
	write(t, from, "ping")
	expect(t, to, "ping")
}

// net.Buffers are written in order and consumed (peer failing #15).
func TestWriteBuffers(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			ways := map[string]func(c net.Conn, v *net.Buffers) (int64, error){
				"WriteTo":      func(c net.Conn, v *net.Buffers) (int64, error) { return v.WriteTo(c) },
				"WriteBuffers": func(c net.Conn, v *net.Buffers) (int64, error) { return c.(gatherer).WriteBuffers(v) },
			}
			if network != "unix" { // whose ReadFrom is PacketConn's
				ways["ReadFrom"] = func(c net.Conn, v *net.Buffers) (int64, error) { return c.(io.ReaderFrom).ReadFrom(v) }
				ways["io.Copy"] = func(c net.Conn, v *net.Buffers) (int64, error) { return io.Copy(c, v) }
			}
			for name, f := range ways {
				for _, count := range []int{0, 1, 3, 1500} { // more than IOV_MAX, too
					client, server := pair(t, stackOf(e), network)
					var v net.Buffers
					var want []byte
					for i := range count {
						b := randomBytes(int64(i), (i+1)%7*100)
						v = append(v, b)
						want = append(want, b...)
					}
					r := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) })
					n, err := start(name, func() (int64, error) { return f(client, &v) }).wait(t)
					if n != int64(len(want)) || err != nil || len(v) != 0 {
						t.Fatalf("%s of %d buffers = %d, %v, %d left; want %d", name, count, n, err, len(v), len(want))
					}
					must(t, client.Close())
					if got, err := r.wait(t); err != nil || !bytes.Equal(got, want) {
						t.Fatalf("%s of %d buffers: reader got %d bytes, %v", name, count, len(got), err)
					}
				}
			}
		})
	})
}

// Buffers cut short by a deadline are consumed as far as they went.
func TestWriteBuffersTimeout(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		data := randomBytes(1, beyondSocket)
		var v net.Buffers
		for rest := data; len(rest) > 0; {
			n := min(len(rest), 100_000)
			v, rest = append(v, rest[:n]), rest[n:]
		}
		w := start("WriteBuffers", func() (int64, error) { return client.(gatherer).WriteBuffers(&v) }).blocked(t)
		must(t, client.SetWriteDeadline(aLongTimeAgo))
		n, err := w.wait(t)
		checkTimeout(t, "WriteBuffers", err)
		left := 0
		for _, b := range v {
			left += len(b)
		}
		if int(n)+left != len(data) || n == 0 {
			t.Fatalf("%d written and %d left of %d", n, left, len(data))
		}
		must(t, client.Close())
		got, err := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) }).wait(t)
		if err != nil || !bytes.Equal(got, data[:n]) {
			t.Fatalf("reader got %d bytes, %v; %d were written", len(got), err, n)
		}
	})
}

// testFile returns a file of random bytes.
func testFile(t *testing.T, size int) (*os.File, []byte) {
	t.Helper()
	data := randomBytes(11, size)
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	must(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.Write(data)
	must(t, err)
	_, err = f.Seek(0, io.SeekStart)
	must(t, err)
	return f, data
}
