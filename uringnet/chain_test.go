//go:build linux

package uringnet_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// chainKinds are the engines that run chains differently.
func chainEngines(t *testing.T, f func(t *testing.T, e *uringnet.Engine)) {
	forEachEngine(t, f)
	if !stdOnly {
		t.Run("no-links", func(t *testing.T) {
			runOn(t, engineKind{"no-links", small(uringnet.Config{Disable: uringnet.FeatLinks})}, f)
		})
	}
}

// A write, its fdatasync and the answer run in order.
func TestChainWriteSyncSend(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		f := openNew(t, e)
		for i := range 20 {
			record := bytes.Repeat([]byte{byte('a' + i)}, 1000)
			ch := e.NewChain()
			ch.WriteAt(f, record, int64(i*1000))
			ch.Datasync(f)
			ack := ch.Send(server, []byte("ok"))
			must(t, ch.Run())
			if ack.N != 2 || ack.Err != nil {
				t.Fatalf("ack: %d, %v", ack.N, ack.Err)
			}
			expect(t, client, "ok")
			got := make([]byte, 1000)
			if _, err := f.ReadAt(got, int64(i*1000)); err != nil || !bytes.Equal(got, record) {
				t.Fatalf("record %d: %v", i, err)
			}
			must(t, ch.Run()) // nothing is left to do
		}
	})
}

// A step that fails breaks the chain: the rest is not run, unless the link is
// hard.
func TestChainBreaks(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		f := openNew(t, e)
		ro, err := e.OpenFile(f.Name(), os.O_RDONLY, 0)
		must(t, err)
		defer ro.Close()
		for _, hard := range []bool{false, true} {
			ch := e.NewChain()
			first := ch.WriteAt(f, []byte("first"), 0)
			bad := ch.WriteAt(ro, []byte("refused"), 0)
			if hard {
				bad.Hard()
			}
			last := ch.WriteAt(f, []byte("last"), 5)
			err := ch.Run()
			var ce *uringnet.ChainError
			if !errors.As(err, &ce) || ce.Index != 1 {
				t.Fatalf("hard %v: Run: %v", hard, err)
			}
			if first.Err != nil || bad.Err == nil || bad.Err == uringnet.ErrCanceled {
				t.Errorf("hard %v: first %v, bad %v", hard, first.Err, bad.Err)
			}
			if hard != (last.Err == nil) || !hard && last.Err != uringnet.ErrCanceled {
				t.Errorf("hard %v: the last step: %v", hard, last.Err)
			}
		}
	})
}

// A receive that is short breaks the chain; Run again receives the rest, and
// then goes on: no byte is lost or written twice. What was received ahead comes
// first.
func TestChainShortReceive(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		f := openNew(t, e)
		write(t, client, "xABC")
		expect(t, server, "x") // the rest is received ahead, maybe
		b := make([]byte, 8)
		ch := e.NewChain()
		in := ch.Recv(server, b).Within(30 * time.Millisecond)
		out := ch.WriteAt(f, b, 0)
		if err := ch.Run(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Run with half of the bytes: %v", err)
		}
		if in.N != 3 || out.Err != uringnet.ErrCanceled || out.N != 0 {
			t.Fatalf("received %d, write %d, %v", in.N, out.N, out.Err)
		}
		write(t, client, "DEFGHrest")
		must(t, ch.Run())
		got := make([]byte, 8)
		if _, err := f.ReadAt(got, 0); err != nil || string(got) != "ABCDEFGH" {
			t.Errorf("stored %q, %v", got, err)
		}
		expect(t, server, "rest")
		client.Close()
		ch = e.NewChain()
		ch.Recv(server, b)
		if err := ch.Run(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Run at the end of the stream: %v", err)
		}
	})
}

// Close ends a chain that waits for the peer.
func TestChainClose(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		_, server := pair(t, stackOf(e), "tcp")
		f := openNew(t, e)
		ch := e.NewChain()
		ch.Recv(server, make([]byte, 8))
		after := ch.Datasync(f)
		ran := startErr("Run", ch.Run).blocked(t)
		must(t, server.Close())
		_, err := ran.wait(t)
		if !errors.Is(err, net.ErrClosed) || after.Err != uringnet.ErrCanceled {
			t.Errorf("Run: %v; the next step: %v", err, after.Err)
		}
	})
}

// Many chains at once, on rings that hold few of them, stay whole: each writes
// its record before it sends its answer.
func TestChainsTogether(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		f := openNew(t, e)
		const size = 512
		var all sync.WaitGroup
		for g := range 8 {
			client, server := pair(t, stackOf(e), "tcp")
			all.Go(func() {
				for i := range 20 {
					off := int64((g*20 + i) * size)
					record := bytes.Repeat([]byte{byte(g*20 + i)}, size)
					ch := e.NewChain()
					ch.WriteAt(f, record, off)
					ch.Send(server, []byte{byte(i)})
					if err := ch.Run(); err != nil {
						t.Error(err)
						return
					}
					got := make([]byte, size)
					if _, err := io.ReadFull(client, got[:1]); err != nil || got[0] != byte(i) {
						t.Errorf("answer %d of %d: %v, %v", i, g, got[0], err)
					}
					if _, err := f.ReadAt(got, off); err != nil || !bytes.Equal(got, record) {
						t.Errorf("record %d of %d differs: %v", i, g, err)
					}
				}
			})
		}
		all.Wait()
	})
}
