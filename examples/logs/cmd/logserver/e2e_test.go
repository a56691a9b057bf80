package main

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/uringnet/go-uringnet/examples/logs/internal/logtest"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A way is one combination of mode and engine.
type way struct{ mode, engine string }

// ways are all of them. The engine is what the environment variable says.
var ways = []way{
	{modeEvents, "on"}, {modeEvents, "mode=shared"}, {modeEvents, "off"},
	{modeConns, "on"}, {modeConns, "mode=shared"}, {modeConns, "off"},
}

// forWays runs a test on each way.
func forWays(t *testing.T, f func(t *testing.T, w way)) {
	for _, w := range ways {
		t.Run(w.mode+","+w.engine, func(t *testing.T) {
			t.Setenv(uringnet.EnvVar, w.engine)
			f(t, w)
		})
	}
}

// everywhere makes c listen in every way.
func everywhere(t *testing.T, c *config) {
	c.tcp = []string{"127.0.0.1:0"}
	c.tls = []string{"127.0.0.1:0"}
	c.unix = []string{filepath.Join(t.TempDir(), "log.sock")}
	c.relp = []string{"127.0.0.1:0"}
	c.relpTLS = []string{"127.0.0.1:0"}
}

// TestEveryListener sends to all listeners at once and finds every message in
// the segments, whole, once, and marked as it should be.
func TestEveryListener(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		c.compress = true
		everywhere(t, &c)
		s := startServer(t, c)
		const each = 500
		var want []string
		var wg sync.WaitGroup
		send := func(kind, framing string) {
			msgs := messages(kind+"-"+framing, each)
			want = append(want, msgs...)
			conn := dial(t, s, kind)
			wg.Go(func() {
				switch framing {
				case "lines":
					write(t, conn, asLines(msgs))
				case "counted":
					write(t, conn, asCounted(msgs))
				case "mixed":
					write(t, conn, asLines(msgs[:each/2])+asCounted(msgs[each/2:]))
				case "relp":
					r := openRELP(t, conn)
					write(t, conn, r.frames(msgs))
					r.acks(t, 2, each)
				}
				conn.Close()
			})
		}
		for _, kind := range []string{"tcp", "tls", "unix"} {
			send(kind, "lines")
			send(kind, "counted")
			send(kind, "mixed")
		}
		send("relp", "relp")
		send("relp-tls", "relp")
		wg.Wait()
		waitStored(t, s, len(want))
		stopServer(t, s)
		sameMessages(t, storedIn(t, c.dir), want)
		n := s.stats.Snapshot()
		if n.Received != uint64(len(want)) || n.Stored != n.Received || n.Malformed+n.Oversized+n.Refused != 0 {
			t.Errorf("received %d, stored %d, malformed %d, oversized %d, refused %d; want %d of the first two", n.Received, n.Stored, n.Malformed, n.Oversized, n.Refused, len(want))
		}
		if n.Conns != 0 || n.ConnsTotal != 11 || n.ConnErrors != 0 || n.Acks != 2*each || n.Paused != 0 {
			t.Errorf("%d connections of %d open, %d failed, %d acks, %d paused", n.Conns, n.ConnsTotal, n.ConnErrors, n.Acks, n.Paused)
		}
		if n.QueueBatches != 0 || n.QueueBytes != 0 || n.Latency.Count() == 0 {
			t.Errorf("queue of %d batches, %d bytes; %d latencies", n.QueueBatches, n.QueueBytes, n.Latency.Count())
		}
		for severity, count := range n.Severity {
			if want := uint64(11 * ((each + 7 - severity) / 8)); count != want {
				t.Errorf("%d logs of severity %d; want %d", count, severity, want)
			}
		}
	})
}

// TestMalformed checks that what is not syslog is kept and marked.
func TestMalformed(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.maxLine = 100
		s := startServer(t, c)
		lines := []string{"no header at all", "<999>1 - bad priority", "nul \x00 in it", "<13>Jan  2 03:04:05 host app: good"}
		conn := dial(t, s, "tcp")
		write(t, conn, asLines(append(lines, strings.Repeat("long ", 50))))
		waitStored(t, s, 7)
		stopServer(t, s)
		records := recordsIn(t, c.dir)
		if len(records) != 7 {
			t.Fatalf("%d records; want 7", len(records))
		}
		for i, r := range records {
			want := strings.Repeat("long ", 20) // the last is half of that
			if i == 6 {
				want = want[:50]
			}
			if i < len(lines) {
				want = lines[i]
			}
			if string(r.Msg) != want || r.Malformed != (i != 3) {
				t.Errorf("record %d is %q, malformed: %v", i, r.Msg, r.Malformed)
			}
		}
		if n := s.stats.Snapshot(); n.Malformed != 6 || n.Oversized != 1 || n.ConnErrors != 0 {
			t.Errorf("malformed %d, oversized %d, errors %d; want 6, 1, 0", n.Malformed, n.Oversized, n.ConnErrors)
		}
	})
}

// TestBadInput checks that a connection that sends junk is closed and counted,
// and that nothing is lost of the others, nor of what came before the junk.
func TestBadInput(t *testing.T) {
	junk := map[string][]struct{ name, bytes string }{
		"tcp":      {{"TLS", "\x16\x03\x01\x02\x00\x01"}},
		"tls":      {{"junk", "GET / HTTP/1.0\r\n\r\n"}, {"zeros", strings.Repeat("\x00", 100)}},
		"relp":     {{"junk", "hello world\n"}, {"bad number", "1 open 0\n3 syslog 1 x\n"}, {"long number", "1 open 99999999999 x\n"}},
		"relp-tls": {{"plain", "1 open 0\n"}},
	}
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		s := startServer(t, c)
		good := dial(t, s, "tcp")
		write(t, good, "before\n")
		bad := 0
		for kind, cases := range junk {
			for _, j := range cases {
				bad++
				a := s.addr(kind)
				conn := dialRaw(t, a)
				write(t, conn, j.bytes)
				if err := untilClosed(conn); err != nil {
					t.Errorf("%s, %s: %v", kind, j.name, err)
				}
				waitFor(t, fmt.Sprintf("%s, %s to be counted", kind, j.name), func() bool { return s.stats.ConnErrors.Load() == int64(bad) })
			}
		}
		write(t, good, "after\n")
		good.Close()
		waitStored(t, s, 2)
		stopServer(t, s)
		sameMessages(t, storedIn(t, c.dir), []string{"before", "after"})
		if n := s.stats.Snapshot(); n.Conns != 0 || n.Refused != 4 {
			t.Errorf("%d connections open, %d frames refused; want 0 and 4", n.Conns, n.Refused)
		}
	})
}

// TestHalfFrames checks what is kept of frames cut off by the end of the
// connection.
func TestHalfFrames(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		s := startServer(t, c)
		line := dial(t, s, "tcp")
		write(t, line, "whole\nhalf a line")
		line.Close()
		waitStored(t, s, 2)
		counted := dial(t, s, "unix")
		write(t, counted, "8 <1>whole15 <1>half a")
		counted.Close()
		waitStored(t, s, 4)
		relp := dial(t, s, "relp")
		r := openRELP(t, relp)
		write(t, relp, r.frame("syslog", "acknowledged"))
		r.acks(t, 2, 1)
		write(t, relp, "3 syslog 12 half a")
		relp.Close()
		waitFor(t, "the connections to end", func() bool { return s.stats.Conns.Load() == 0 })
		stopServer(t, s)
		// What RELP did not get whole is not acknowledged: it will come again.
		sameMessages(t, storedIn(t, c.dir), []string{"whole", "half a line", "<1>whole", "<1>half a", "acknowledged"})
		if n := s.stats.ConnErrors.Load(); n == 0 {
			t.Error("the half octet-counted frame is not counted")
		}
	})
}

// TestRefusalLogged checks that the log says who was refused, and why.
func TestRefusalLogged(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		c.relp = []string{"127.0.0.1:0"}
		var logged syncBuffer
		s, err := start(c, slog.New(slog.NewTextHandler(&logged, nil)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stopServer(t, s) })
		conn := dial(t, s, "relp")
		write(t, conn, "hello\n")
		if err := untilClosed(conn); err != nil {
			t.Error(err)
		}
		for _, want := range []string{conn.LocalAddr().String(), "bad RELP frame"} {
			waitFor(t, want+" in the log", func() bool { return strings.Contains(logged.String(), want) })
		}
	})
}

// syncBuffer is a buffer for several goroutines.
type syncBuffer = logtest.Buffer
