package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/intake"
	"github.com/uringnet/go-uringnet/examples/logs/store"
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

// TestSources checks that records say who sent them, where and when.
func TestSources(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		s := startServer(t, c)
		began := time.Now()
		want := map[string]store.Source{}
		for _, l := range s.listeners {
			conn := dial(t, s, l.kind)
			if l.proto == intake.RELP {
				write(t, conn, openRELP(t, conn).frame("syslog", l.kind))
			} else {
				write(t, conn, l.kind+"\n")
			}
			src := store.Source{Peer: conn.LocalAddr().String(), Listener: l.kind + "://127.0.0.1:0"}
			if l.kind == "unix" {
				src = store.Source{Listener: "unix://" + c.unix[0]}
			}
			want[l.kind] = src
		}
		waitStored(t, s, len(want))
		stopServer(t, s)
		records := recordsIn(t, c.dir)
		for _, r := range records {
			if src := want[string(r.Msg)]; r.Source == nil || *r.Source != src {
				t.Errorf("%s: source %+v, want %+v", r.Msg, r.Source, src)
			}
			if r.Received < began.UnixNano() || r.Received > time.Now().UnixNano() {
				t.Errorf("%s: received at %d", r.Msg, r.Received)
			}
		}
		if len(records) != len(want) {
			t.Errorf("%d records, want %d", len(records), len(want))
		}
	})
}
