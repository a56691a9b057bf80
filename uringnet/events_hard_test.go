package uringnet_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// eventFuncs is an EventHandler made of functions; nil ones do nothing.
type eventFuncs struct {
	opened func(c *uringnet.EventConn)
	data   func(c *uringnet.EventConn, b []byte)
	closed func(c *uringnet.EventConn, err error)
}

func (h *eventFuncs) Opened(c *uringnet.EventConn) {
	if h.opened != nil {
		h.opened(c)
	}
}

func (h *eventFuncs) Data(c *uringnet.EventConn, b []byte) {
	if h.data != nil {
		h.data(c, b)
	}
}

func (h *eventFuncs) Closed(c *uringnet.EventConn, err error) {
	if h.closed != nil {
		h.closed(c, err)
	}
}

// ends returns a Closed that passes its errors on.
func ends() (chan error, func(*uringnet.EventConn, error)) {
	c := make(chan error, 1000)
	return c, func(_ *uringnet.EventConn, err error) { c <- err }
}

// next takes what should come at once.
func next[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("no %s", what)
	}
	return v
}

func dialEvents(t *testing.T, addr net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	must(t, err)
	t.Cleanup(func() { c.Close() })
	must(t, c.SetDeadline(time.Now().Add(time.Minute)))
	return c
}

// Pause holds Data back at once when it is called by Data, and Resume by another
// goroutine loses, repeats and reorders nothing.
func TestEventsPause(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		want := randomBytes(1, 600_000)
		var got bytes.Buffer
		var paused atomic.Bool
		toResume := make(chan *uringnet.EventConn)
		calls := 0
		closed, onClosed := ends()
		h := &eventFuncs{closed: onClosed, data: func(c *uringnet.EventConn, b []byte) {
			if paused.Load() {
				t.Error("Data while paused")
			}
			got.Write(b)
			if calls++; calls%5 == 0 {
				paused.Store(true)
				c.Pause()
				toResume <- c
			}
		}}
		var resumed sync.WaitGroup
		resumed.Go(func() {
			for c := range toResume {
				paused.Store(false)
				c.Resume()
			}
		})
		c := dialEvents(t, serveEvents(t, e, "tcp", h))
		for i := 0; i < len(want); i += 1000 {
			if _, err := c.Write(want[i : i+1000]); err != nil {
				t.Fatal(err)
			}
		}
		c.Close()
		if err := next(t, "Closed", closed); err != io.EOF {
			t.Errorf("Closed(%v), want io.EOF", err)
		}
		close(toResume)
		resumed.Wait()
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%d bytes of %d arrived, or others", got.Len(), len(want))
		}
	})
}

// Pause and Resume from other goroutines, as fast as they can, lose nothing and
// end with a connection that goes on.
func TestEventsPauseRace(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		want := randomBytes(2, 400_000)
		var got bytes.Buffer
		opened := make(chan *uringnet.EventConn, 1)
		closed, onClosed := ends()
		c := dialEvents(t, serveEvents(t, e, "tcp", &eventFuncs{
			opened: func(c *uringnet.EventConn) { opened <- c },
			data:   func(_ *uringnet.EventConn, b []byte) { got.Write(b) },
			closed: onClosed,
		}))
		ec := next(t, "Opened", opened)
		stop := make(chan struct{})
		var togglers sync.WaitGroup
		for range 2 {
			togglers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						ec.Pause()
						ec.Resume()
					}
				}
			})
		}
		for i := 0; i < len(want); i += 1000 {
			if _, err := c.Write(want[i : i+1000]); err != nil {
				t.Fatal(err)
			}
		}
		close(stop)
		togglers.Wait()
		ec.Resume() // one toggler may have paused after the other resumed
		c.Close()
		if err := next(t, "Closed", closed); err != io.EOF {
			t.Errorf("Closed(%v), want io.EOF", err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%d bytes of %d arrived, or others", got.Len(), len(want))
		}
	})
}

// A peer that sends and does not read is held back, so that its answers stay
// bounded; when it reads it gets them all.
func TestEventsBackPressure(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		want := randomBytes(3, 48<<20)
		var most atomic.Int64
		c := dialEvents(t, serveEvents(t, e, "tcp", &eventFuncs{data: func(c *uringnet.EventConn, b []byte) {
			if _, err := c.Write(b); err != nil {
				t.Error(err)
			}
			most.Store(max(most.Load(), int64(c.Buffered())))
		}}))
		sent := make(chan error, 1)
		var written atomic.Int64
		go func() {
			for i := 0; i < len(want); i += 64 << 10 {
				n, err := c.Write(want[i : i+64<<10])
				written.Add(int64(n))
				if err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		// The client is stuck: both sockets' buffers and the server's are full.
		// On std a handler's goroutine waits for its writes, so nothing piles up.
		if !onStd(e) {
			eventually(t, "the server to be full", func() bool { return most.Load() > 1<<20 })
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c, got); err != nil {
			t.Fatal(err)
		}
		must(t, next(t, "end of sending", sent))
		if !bytes.Equal(got, want) {
			t.Error("the echo differs")
		}
		if limit := int64(1<<20 + 256<<10); most.Load() > limit {
			t.Errorf("%d bytes were kept for a peer that does not read; the limit is about %d", most.Load(), limit)
		}
	})
}

// What was written before Close arrives, however much it is.
func TestEventsCloseSendsRest(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		want := randomBytes(4, 3<<20)
		closed, onClosed := ends()
		c := dialEvents(t, serveEvents(t, e, "tcp", &eventFuncs{closed: onClosed, data: func(c *uringnet.EventConn, _ []byte) {
			for i := 0; i < len(want); i += 1 << 20 {
				if _, err := c.Write(want[i : i+1<<20]); err != nil {
					t.Error(err)
				}
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write after Close: %v", err)
			}
		}}))
		write(t, c, "go")
		got, err := io.ReadAll(c)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
		}
		if err := next(t, "Closed", closed); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Closed(%v), want net.ErrClosed", err)
		}
	})
}

// Close within each call, and twice: Closed comes once, and nothing after it.
func TestEventsCloseInside(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, where := range []string{"opened", "data", "closed", "elsewhere"} {
			closes, over := make(chan error, 10), atomic.Bool{}
			closeTwice := func(c *uringnet.EventConn) {
				if err := c.Close(); err != nil {
					t.Errorf("%s: Close: %v", where, err)
				}
				if err := c.Close(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s: the second Close: %v", where, err)
				}
			}
			h := &eventFuncs{
				opened: func(c *uringnet.EventConn) {
					switch where {
					case "opened":
						closeTwice(c)
					case "elsewhere":
						go closeTwice(c)
					}
				},
				data: func(c *uringnet.EventConn, _ []byte) {
					if where == "data" {
						closeTwice(c)
					} else if where == "opened" {
						t.Error("Data after Close")
					}
				},
				closed: func(c *uringnet.EventConn, err error) {
					if over.Swap(true) {
						t.Errorf("%s: Closed twice", where)
					}
					if where == "closed" {
						if err != io.EOF {
							t.Errorf("Closed(%v), want io.EOF", err)
						}
						_ = c.Close()
						if err := c.Close(); !errors.Is(err, net.ErrClosed) {
							t.Errorf("Close after Close: %v", err)
						}
						err = net.ErrClosed
					}
					closes <- err
				},
			}
			c := dialEvents(t, serveEvents(t, e, "tcp", h))
			_, _ = c.Write([]byte("hello")) // it may be closed already
			if where == "closed" {
				must(t, c.(*net.TCPConn).CloseWrite())
			}
			if err := next(t, where+": Closed", closes); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: Closed(%v), want net.ErrClosed", where, err)
			}
			if _, err := io.Copy(io.Discard, c); err != nil && !isReset(err) {
				t.Errorf("%s: the client reads %v", where, err)
			}
		}
	})
}

// A peer that ends its side gets all answers, then the end.
func TestEventsHalfClose(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		h := newEchoEvents()
		c := dialEvents(t, serveEvents(t, e, "tcp", h))
		want := randomBytes(5, 300_000)
		go func() {
			_, _ = c.Write(want)
			_ = c.(*net.TCPConn).CloseWrite()
		}()
		got, err := io.ReadAll(c)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
		}
		if err := next(t, "Closed", h.closed); err != io.EOF {
			t.Errorf("Closed(%v), want io.EOF", err)
		}
	})
}

// A peer that resets the connection while output waits for it.
func TestEventsReset(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		closed, onClosed := ends()
		wrote := make(chan struct{}, 1)
		c := dialEvents(t, serveEvents(t, e, "tcp", &eventFuncs{closed: onClosed, data: func(c *uringnet.EventConn, _ []byte) {
			_, _ = c.Write(make([]byte, 32<<20)) // more than sockets take
			wrote <- struct{}{}
		}}))
		write(t, c, "x")
		next(t, "Data", wrote)
		must(t, c.(*net.TCPConn).SetLinger(0))
		c.Close()
		// A send of which a part has gone swallows the reset: the next one has EPIPE.
		if err := next(t, "Closed", closed); !isReset(err) && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("Closed(%v), want a reset", err)
		}
	})
}

// Bytes that a Read has left in the engine come first, then the others.
func TestEventsAfterRead(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			write(t, client, "hello, world")
			expect(t, server, "hello")
			got := make(chan string, 100)
			closed, onClosed := ends()
			if _, err := e.AttachEvents(server, &eventFuncs{closed: onClosed, data: func(_ *uringnet.EventConn, b []byte) { got <- string(b) }}); err != nil {
				t.Fatal(err)
			}
			all := ""
			for len(all) < len(", world") {
				all += next(t, "rest", got)
			}
			write(t, client, "!")
			all += next(t, "more", got)
			if all != ", world!" {
				t.Errorf("Data had %q", all)
			}
			client.Close()
			if err := next(t, "Closed", closed); err != io.EOF {
				t.Errorf("Closed(%v)", err)
			}
		})
	})
}
