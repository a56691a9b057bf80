package uringnet_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// echoEvents answers with what it receives, and tells of each end.
type echoEvents struct {
	opened chan *uringnet.EventConn
	closed chan error
}

func newEchoEvents() *echoEvents {
	return &echoEvents{make(chan *uringnet.EventConn, 1000), make(chan error, 1000)}
}

func (h *echoEvents) Opened(c *uringnet.EventConn) { h.opened <- c }

func (h *echoEvents) Data(c *uringnet.EventConn, b []byte) { _, _ = c.Write(b) }

func (h *echoEvents) Closed(_ *uringnet.EventConn, err error) { h.closed <- err }

// serveEvents serves events on a listener of its own until the test ends.
func serveEvents(t *testing.T, e *uringnet.Engine, network string, h uringnet.EventHandler) net.Addr {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = t.TempDir() + "/s"
	}
	ln, err := e.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- e.ServeEvents(ln, h) }()
	t.Cleanup(func() {
		ln.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("ServeEvents: %v", err)
		}
	})
	return ln.Addr()
}

// Bytes come back whole and in order, on many connections at once; each end is
// told once, as io.EOF.
func TestEventsEcho(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, network := range []string{"tcp", "unix"} {
			h := newEchoEvents()
			addr := serveEvents(t, e, network, h)
			const conns, size = 20, 200_000
			var wg sync.WaitGroup
			for range conns {
				wg.Go(func() { echoThrough(t, addr, size) })
			}
			wg.Wait()
			for range conns {
				<-h.opened
				if err := <-h.closed; err != io.EOF {
					t.Errorf("Closed(%v), want io.EOF", err)
				}
			}
		}
	})
}

// echoThrough sends size bytes, reads them back and closes.
func echoThrough(t *testing.T, addr net.Addr, size int) {
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	want := make([]byte, size)
	_, _ = rand.Read(want)
	go func() { _, _ = c.Write(want) }()
	got := make([]byte, size)
	if _, err := io.ReadFull(c, got); err != nil {
		t.Error(err)
	} else if !bytes.Equal(got, want) {
		t.Error("the echo differs")
	}
}
