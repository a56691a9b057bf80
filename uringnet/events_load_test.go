package uringnet_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// Writes of many goroutines come out whole, each goroutine's in order.
func TestEventsConcurrentWrites(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		const writers, each, size = 8, 100, 500
		opened := make(chan *uringnet.EventConn, 1)
		c := dialEvents(t, serveEvents(t, e, "tcp", &eventFuncs{opened: func(c *uringnet.EventConn) { opened <- c }}))
		ec := next(t, "Opened", opened)
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					if _, err := ec.Write(append([]byte{byte(i)}, bytes.Repeat([]byte{byte('a' + w)}, size-1)...)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		var seen [writers]int
		rec := make([]byte, size)
		for range writers * each {
			if _, err := io.ReadFull(c, rec); err != nil {
				t.Fatal(err)
			}
			w := int(rec[1] - 'a')
			if bytes.Count(rec[1:], rec[1:2]) != size-1 || w < 0 || w >= writers || int(rec[0]) != seen[w] {
				t.Fatalf("a record of %q begins with number %d", rec[1:5], rec[0])
			}
			seen[w]++
		}
		wg.Wait()
	})
}

// Engine.Close under load ends each connection once.
func TestEventsEngineClose(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		const conns = 30
		var opened, closed atomic.Int32
		h := &eventFuncs{
			opened: func(*uringnet.EventConn) { opened.Add(1) },
			data:   func(c *uringnet.EventConn, b []byte) { _, _ = c.Write(b) },
			closed: func(*uringnet.EventConn, error) { closed.Add(1) },
		}
		ln, err := e.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		served := startErr("ServeEvents", func() error { return e.ServeEvents(ln, h) })
		var clients sync.WaitGroup
		var dialed []net.Conn
		for range conns {
			c := dialEvents(t, ln.Addr())
			dialed = append(dialed, c)
			clients.Go(func() {
				b := make([]byte, 100)
				for {
					if _, err := c.Write(b); err != nil {
						return
					}
					if _, err := io.ReadFull(c, b); err != nil {
						return
					}
				}
			})
		}
		eventually(t, "connections", func() bool { return opened.Load() == conns })
		must(t, e.Close())
		ln.Close()
		if _, err := served.wait(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("ServeEvents: %v", err)
		}
		if onStd(e) { // connections carried by std are left alone
			for _, c := range dialed {
				c.Close()
			}
		}
		eventually(t, "each end", func() bool { return closed.Load() == conns })
		clients.Wait()
		if n := closed.Load(); n != conns {
			t.Errorf("%d ends of %d connections", n, conns)
		}
	})
}

// An idle connection is closed; one that its handler holds back is not.
func TestEventsIdle(t *testing.T) {
	if stdOnly {
		t.Skip("std has no idle timeout")
	}
	const idle = 50 * time.Millisecond
	e := newEngine(t, uringnet.Config{Rings: 1, IdleTimeout: idle})
	closed, onClosed := ends()
	silent := dialEvents(t, serveEvents(t, e, "tcp", &eventFuncs{closed: onClosed}))
	held := make(chan *uringnet.EventConn, 1)
	got := make(chan string, 10)
	heldEnd, onHeldEnd := ends()
	c := dialEvents(t, serveEvents(t, e, "tcp", &eventFuncs{
		opened: func(c *uringnet.EventConn) { c.Pause(); held <- c },
		data:   func(_ *uringnet.EventConn, b []byte) { got <- string(b) },
		closed: onHeldEnd,
	}))
	ec := next(t, "Opened", held)
	write(t, c, "kept")
	if err := next(t, "Closed", closed); !errors.Is(err, uringnet.ErrIdle) {
		t.Errorf("Closed(%v), want ErrIdle", err)
	}
	if _, err := io.Copy(io.Discard, silent); err != nil {
		t.Errorf("the silent client reads %v", err)
	}
	ec.Resume()
	if s := next(t, "what was held back", got); s != "kept" {
		t.Errorf("Data had %q", s)
	}
	if err := next(t, "Closed", heldEnd); !errors.Is(err, uringnet.ErrIdle) {
		t.Errorf("Closed(%v), want ErrIdle", err)
	}
}
