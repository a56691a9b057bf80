package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/intake"
)

// TestLineTimeout checks that connections whose message does not end are closed,
// that their messages are stored and the log tells of them, and that silent
// connections without one are left alone.
func TestLineTimeout(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.lineTimeout = 200 * time.Millisecond
		s, log := startLogged(t, c)
		quiet := dial(t, s, "tcp")
		write(t, quiet, "whole\n")
		late := []net.Conn{dial(t, s, "tcp"), dial(t, s, "tls"), dial(t, s, "unix")}
		for _, conn := range late {
			write(t, conn, "<13>half a line")
		}
		for _, conn := range late {
			if err := untilClosed(conn); err != nil {
				t.Error(err)
			}
		}
		waitStored(t, s, 4)
		write(t, quiet, "more\n")
		waitStored(t, s, 5)
		stopServer(t, s)
		sameMessages(t, storedIn(t, c.dir), []string{"whole", "more", "<13>half a line", "<13>half a line", "<13>half a line"})
		if n := s.intake.Expired(); n != 3 || s.stats.ConnErrors.Load() != 0 {
			t.Errorf("%d connections were late, %d failed; want 3 and 0", n, s.stats.ConnErrors.Load())
		}
		if got := log.String(); !strings.Contains(got, "a message is unfinished after 200ms") {
			t.Errorf("the log does not say so: %s", got)
		}
	})
}

// TestSources checks what is known of who sends, in both modes.
func TestSources(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		s := startServer(t, c)
		for _, l := range s.listeners {
			if want := l.kind + "://"; !strings.HasPrefix(l.name, want) || len(l.name) == len(want) {
				t.Errorf("the listener %s is called %q", l.kind, l.name)
			}
		}
		conn := dialRaw(t, s.addr("unix"))
		if src := intake.SourceOf(conn, "x"); src.Peer != "" {
			t.Errorf("the peer on a unix socket is %q", src.Peer)
		}
	})
}
