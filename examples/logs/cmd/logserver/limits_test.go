package main

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// dialRaw connects without TLS.
func dialRaw(t *testing.T, a net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(a.Network(), a.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// untilClosed reads until the server has closed the connection, by whatever
// means.
func untilClosed(c net.Conn) error {
	_, err := io.Copy(io.Discard, c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.New("the server does not close the connection")
	}
	return nil
}

// TestMaxConns checks that connections over the limit are closed at once, and
// that there is room again when others have gone.
func TestMaxConns(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.maxConns, c.maxPerIP = 2, quota{fixed: true}
		s := startServer(t, c)
		first, second := dial(t, s, "tcp"), dial(t, s, "unix")
		write(t, first, "first\n")
		write(t, second, "second\n")
		waitStored(t, s, 2)
		for i, kind := range []string{"tcp", "relp", "tls", "unix"} {
			over := dialRaw(t, s.addr(kind))
			if err := untilClosed(over); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if n := s.stats.ConnsRejected.Load(); n != int64(i+1) {
				t.Errorf("%d connections rejected; want %d", n, i+1)
			}
		}
		write(t, first, "first again\n")
		second.Close()
		waitFor(t, "room", func() bool { return s.open.Load() == 1 })
		third := dial(t, s, "relp")
		r := openRELP(t, third)
		write(t, third, r.frame("syslog", "third"))
		r.acks(t, 2, 1)
		waitStored(t, s, 4)
		stopServer(t, s)
		sameMessages(t, storedIn(t, c.dir), []string{"first", "second", "first again", "third"})
	})
}

// TestIdle checks that a silent connection is closed, that what it has sent is
// stored, and that one which sends is left alone.
func TestIdle(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.idle = 300 * time.Millisecond
		s := startServer(t, c)
		busy := dial(t, s, "tcp")
		silent := []net.Conn{dial(t, s, "tcp"), dial(t, s, "tls"), dial(t, s, "unix")}
		for _, conn := range silent {
			write(t, conn, "half a line")
		}
		stop, stopped := make(chan struct{}), make(chan int)
		go func() {
			sent := 0
			for ticks := time.Tick(c.idle / 10); ; sent++ {
				select {
				case <-stop:
					stopped <- sent
					return
				case <-ticks:
				}
				if _, err := io.WriteString(busy, "busy\n"); err != nil {
					t.Errorf("the busy connection: %v", err)
				}
			}
		}()
		for _, conn := range silent {
			if err := untilClosed(conn); err != nil {
				t.Error(err)
			}
		}
		waitFor(t, "all to be counted", func() bool { return s.idleClosed.Load() == 3 })
		close(stop)
		sent := <-stopped
		waitStored(t, s, 3+sent)
		stopServer(t, s)
		got := storedIn(t, c.dir)
		if halves := strings.Count(strings.Join(got, ","), "half a line"); halves != 3 || len(got) != 3+sent {
			t.Errorf("%d messages, %d of the silent; want %d and 3", len(got), halves, 3+sent)
		}
		if n := s.stats.ConnErrors.Load(); n != 0 {
			t.Errorf("%d connections count as failed", n)
		}
	})
}
