package uringnet_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// zeroCopyEngine sends everything from 4 KiB on without copying.
func zeroCopyEngine(t *testing.T, mode uringnet.DriveMode) *uringnet.Engine {
	return newEngine(t, uringnet.Config{Mode: mode, Rings: 1, ZeroCopySend: 4096})
}

// zeroCopyModes runs f in every drive mode, where the kernel has zero-copy sends.
func zeroCopyModes(t *testing.T, f func(t *testing.T, e *uringnet.Engine)) {
	if stdOnly {
		t.Log("rings only")
		return
	}
	for _, mode := range []uringnet.DriveMode{uringnet.ModeShared, uringnet.ModeDedicated, uringnet.ModeSQPoll} {
		t.Run(mode.String(), func(t *testing.T) {
			watchdog(t, time.Minute)
			e := zeroCopyEngine(t, mode)
			if !e.Status().Ring.Features.Has(uringnet.FeatSendZC) {
				t.Logf("this kernel has no zero-copy sends: %v", e.Status())
				return
			}
			f(t, e)
		})
	}
}

// The memory is the caller's again when Write returns: overwriting it at once
// changes nothing of what arrives. Each send is counted when its memory is back.
func TestZeroCopySend(t *testing.T) {
	zeroCopyModes(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		const rounds, size = 40, 64 << 10
		got := startErr("read", func() error {
			b := make([]byte, size)
			for i := range rounds {
				if _, err := io.ReadFull(server, b); err != nil {
					return err
				}
				if want := bytes.Repeat([]byte{byte(i + 1)}, size); !bytes.Equal(b, want) {
					return errors.New("bytes changed after Write had returned")
				}
			}
			return nil
		})
		b := make([]byte, size)
		for i := range rounds {
			for j := range b {
				b[j] = byte(i + 1)
			}
			var err error
			if i%2 == 0 {
				_, err = client.Write(b)
			} else {
				v := net.Buffers{b[:size/3], b[size/3:]}
				_, err = client.(*uringnet.TCPConn).WriteBuffers(&v)
			}
			must(t, err)
			clear(b)
		}
		_, err := got.wait(t)
		must(t, err)
		s := e.Stats().Total
		if s.ZeroCopies < rounds || s.ZeroCopied > s.ZeroCopies {
			t.Errorf("%d zero-copy sends came back, %d of them copied; want at least %d", s.ZeroCopies, s.ZeroCopied, rounds)
		}
	})
}

// A unix socket has no zero-copy send: bytes arrive all the same.
func TestZeroCopyUnix(t *testing.T) {
	zeroCopyModes(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "unix")
		want := bytes.Repeat([]byte("0123456789abcdef"), 4096)
		sent := startErr("write", func() error {
			_, err := client.Write(want)
			return err
		})
		got := make([]byte, len(want))
		_, err := io.ReadFull(server, got)
		must(t, err)
		_, err = sent.wait(t)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Error("the bytes differ")
		}
	})
}

// A deadline ends a Write whose peer does not read, and so does Close, of the
// connection and of its engine.
func TestZeroCopyEnds(t *testing.T) {
	ends := map[string]struct {
		end  func(t *testing.T, e *uringnet.Engine, c net.Conn)
		want error
	}{
		"deadline": {func(t *testing.T, _ *uringnet.Engine, c net.Conn) {
			must(t, c.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
		}, os.ErrDeadlineExceeded},
		"close":  {func(t *testing.T, _ *uringnet.Engine, c net.Conn) { must(t, c.Close()) }, net.ErrClosed},
		"engine": {func(t *testing.T, e *uringnet.Engine, _ net.Conn) { must(t, e.Close()) }, net.ErrClosed},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			zeroCopyModes(t, func(t *testing.T, e *uringnet.Engine) {
				ln := listen(t, stdStack, "tcp")
				c, err := (&uringnet.Dialer{Engine: e}).Dial("tcp", ln.Addr().String())
				must(t, err)
				defer c.Close()
				peer := accept(t, ln) // never reads
				defer peer.Close()
				sent := startErr("write", func() error {
					for {
						if _, err := c.Write(make([]byte, 1<<20)); err != nil {
							return err
						}
					}
				})
				for e.Stats().Total.BytesOut == 0 && e.Stats().Total.SQEs < 1 {
					runtime.Gosched()
				}
				end.end(t, e, c)
				if _, err := sent.wait(t); !errors.Is(err, end.want) {
					t.Errorf("Write: %v; want %v", err, end.want)
				}
			})
		})
	}
}
