package uringnet_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// writableFuncs is eventFuncs that is told when it may write again.
type writableFuncs struct {
	eventFuncs
	writable func(c *uringnet.EventConn)
}

func (h *writableFuncs) Writable(c *uringnet.EventConn) { h.writable(c) }

// A peer that does not read makes Write refuse, as a whole, what goes beyond the
// bound; Writable is called when it has read, and every byte that was taken
// arrives, and no other.
func TestEventsPendingIsBounded(t *testing.T) {
	const bound, chunk = 256 << 10, 64 << 10
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		conns, writable := make(chan *uringnet.EventConn, 1), make(chan int, 100)
		h := &writableFuncs{writable: func(c *uringnet.EventConn) { writable <- c.Buffered() }}
		h.opened = func(c *uringnet.EventConn) {
			c.SetPending(bound)
			conns <- c
		}
		client := dialEvents(t, serveEvents(t, e, "tcp", h))
		c := next(t, "connection", conns)
		want := randomBytes(7, 64<<20)
		sent := 0
		var err error
		for ; err == nil && sent < len(want); sent += chunk {
			var n int
			n, err = c.Write(want[sent : sent+chunk])
			if err != nil && n != 0 {
				t.Errorf("Write = %d, %v; want nothing taken", n, err)
			}
		}
		if sent -= chunk; !errors.Is(err, uringnet.ErrPending) {
			t.Fatalf("after %d bytes that nobody reads: %v; want ErrPending", sent, err)
		}
		if n := c.Buffered(); n > bound {
			t.Errorf("%d bytes pending; want at most %d", n, bound)
		}
		got := make([]byte, sent)
		_, err = io.ReadFull(client, got)
		must(t, err)
		if n := next(t, "Writable", writable); n > bound/2 {
			t.Errorf("Writable with %d bytes pending; want at most half of %d", n, bound)
		}
		if !bytes.Equal(got, want[:sent]) {
			t.Error("other bytes arrived than were taken")
		}
		eventually(t, "all is sent", func() bool { return c.Buffered() == 0 })
		_, err = c.Write(make([]byte, 4*bound)) // one Write may be as long as it likes
		must(t, err)
		must(t, c.Close())
		rest, err := io.ReadAll(client)
		if err != nil || len(rest) != 4*bound {
			t.Errorf("%d bytes more, %v; want %d", len(rest), err, 4*bound)
		}
	})
}
