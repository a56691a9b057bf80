//go:build linux

package uringnet_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// lender is what lends.
type lender interface {
	ReadBuffer() (*uringnet.Buffer, error)
}

// Lent buffers and Reads, mixed, give every byte once and in order.
func TestReadBuffer(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, network := range []string{"tcp", "unix"} {
			client, server := pair(t, stackOf(e), network)
			want := make([]byte, 300_000)
			for i := range want {
				want[i] = byte(i * 7 >> 3)
			}
			sent := startErr("Write", func() error {
				if _, err := client.Write(want); err != nil {
					return err
				}
				return client.Close()
			})
			var got []byte
			for i := 0; ; i++ {
				if i%3 == 2 {
					b := make([]byte, 100)
					n, err := server.Read(b)
					got = append(got, b[:n]...)
					if err == io.EOF {
						break
					}
					must(t, err)
					continue
				}
				b, err := server.(lender).ReadBuffer()
				if err == io.EOF {
					break
				}
				must(t, err)
				got = append(got, b.Bytes()...)
				b.Release()
				b.Release() // does nothing
			}
			_, err := sent.wait(t)
			must(t, err)
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes that differ from the %d sent", network, len(got), len(want))
			}
		}
	})
}

// What is lent stays readable until Release, also after the connection and the
// engine are closed; others go on meanwhile.
func TestReadBufferOutlives(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		var lent []*uringnet.Buffer
		for range 5 { // more than a connection may hold, and than the tiny pools have
			write(t, client, "hold")
			b, err := server.(lender).ReadBuffer()
			must(t, err)
			lent = append(lent, b)
		}
		otherClient, other := pair(t, stackOf(e), "tcp")
		write(t, otherClient, "on")
		expect(t, other, "on")
		must(t, server.Close())
		must(t, e.Close())
		for _, b := range lent {
			if string(b.Bytes()) != "hold" {
				t.Errorf("%q", b.Bytes())
			}
			b.Release()
		}
	})
}

// A deadline ends ReadBuffer; nothing is lost by it.
func TestReadBufferDeadline(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		must(t, server.SetReadDeadline(time.Now().Add(5*time.Millisecond)))
		if _, err := server.(lender).ReadBuffer(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("ReadBuffer: %v", err)
		}
		must(t, server.SetReadDeadline(time.Time{}))
		write(t, client, "later")
		b, err := server.(lender).ReadBuffer()
		must(t, err)
		if string(b.Bytes()) != "later" {
			t.Errorf("%q", b.Bytes())
		}
		b.Release()
	})
}

// stream writes a bulk with a trickle before and after it, and ends.
func stream(c net.Conn, want []byte) *call[struct{}] {
	return startErr("stream", func() error {
		for _, part := range [][]byte{want[:100], want[100:150], want[150 : len(want)-200], want[len(want)-200:]} {
			if _, err := c.Write(part); err != nil {
				return err
			}
		}
		return c.Close()
	})
}

// io.Copy from a connection keeps every byte, whatever the other side is: spliced
// or not.
func TestCopyOut(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdefg"), 300_000) // 5 MB
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		targets := map[string]func(t *testing.T, src net.Conn) (got []byte, n int64, err error){
			"os.File": func(t *testing.T, src net.Conn) ([]byte, int64, error) {
				f, err := os.Create(filepath.Join(t.TempDir(), "f"))
				must(t, err)
				defer f.Close()
				n, err := io.Copy(f, src)
				got, _ := os.ReadFile(f.Name())
				return got, n, err
			},
			"File": func(t *testing.T, src net.Conn) ([]byte, int64, error) {
				f := openNew(t, e)
				n, err := io.Copy(f, src)
				got, _ := os.ReadFile(f.Name())
				return got, n, err
			},
			"File.ReadFrom": func(t *testing.T, src net.Conn) ([]byte, int64, error) {
				f := openNew(t, e)
				n, err := f.ReadFrom(src)
				got, _ := os.ReadFile(f.Name())
				return got, n, err
			},
			"conn": func(t *testing.T, src net.Conn) ([]byte, int64, error) {
				out, in := pair(t, stackOf(e), "tcp")
				read := start("ReadAll", func() ([]byte, error) { return io.ReadAll(in) })
				n, err := io.Copy(out, src)
				out.Close()
				got, rerr := read.wait(t)
				return got, n, errors.Join(err, rerr)
			},
		}
		for name, copyTo := range targets {
			t.Run(name, func(t *testing.T) {
				client, server := pair(t, stackOf(e), "tcp")
				sent := stream(client, want)
				got, n, err := copyTo(t, server)
				must(t, err)
				_, err = sent.wait(t)
				must(t, err)
				if n != int64(len(want)) || !bytes.Equal(got, want) {
					t.Errorf("%d bytes of %d, %d arrived", n, len(want), len(got))
				}
			})
		}
	})
}

// A limited copy takes exactly its bytes: what follows is for Read.
func TestCopyLimited(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdefg"), 100_000)
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, limit := range []int64{0, 1, 5000, 1_000_000, int64(len(want))} {
			client, server := pair(t, stackOf(e), "tcp")
			sent := stream(client, append(bytes.Clone(want), "tail"...))
			f := openNew(t, e)
			n, err := io.CopyN(f, server, limit)
			if n != limit || err != nil {
				t.Fatalf("CopyN(%d) = %d, %v", limit, n, err)
			}
			rest, err := io.ReadAll(server)
			must(t, err)
			_, err = sent.wait(t)
			must(t, err)
			head, _ := os.ReadFile(f.Name())
			if all := append(head, rest...); !bytes.Equal(all, append(bytes.Clone(want), "tail"...)) {
				t.Errorf("limit %d: %d + %d bytes differ from what was sent", limit, len(head), len(rest))
			}
		}
	})
}

// A File is sent whole, or as much of it as was asked for.
func TestSendFileOfRing(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdefg"), 100_000)
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, limit := range []int64{0, 10, 700_000, int64(len(want)), int64(len(want)) + 10} {
			f := openNew(t, e)
			_, err := f.WriteAt(want, 0)
			must(t, err)
			client, server := pair(t, stackOf(e), "tcp")
			read := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) })
			n, err := io.Copy(client, io.LimitReader(f, limit))
			must(t, err)
			client.Close()
			got, err := read.wait(t)
			must(t, err)
			if sent := want[:min(limit, int64(len(want)))]; n != int64(len(sent)) || !bytes.Equal(got, sent) {
				t.Errorf("limit %d: sent %d, %d arrived", limit, n, len(got))
			}
		}
	})
}

// Close and a deadline end a copy that waits.
func TestCopyEnds(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		copied := start("Copy", func() (int64, error) { return io.Copy(openNew(t, e), server) })
		bulk := make([]byte, 1<<20)
		_, err := client.Write(bulk)
		must(t, err)
		must(t, server.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
		if n, err := copied.wait(t); !errors.Is(err, os.ErrDeadlineExceeded) || n > int64(len(bulk)) {
			t.Errorf("Copy until the deadline: %d, %v", n, err)
		}
		must(t, server.SetReadDeadline(time.Time{}))
		copied = start("Copy", func() (int64, error) { return io.Copy(openNew(t, e), server) })
		must(t, server.Close())
		if _, err := copied.wait(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Copy of a closed connection: %v", err)
		}
	})
}
