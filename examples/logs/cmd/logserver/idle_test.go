package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// logBuffer keeps a server's log.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startLogged is startServer with the log kept.
func startLogged(t *testing.T, c config) (*server, *logBuffer) {
	t.Helper()
	l := &logBuffer{}
	s, err := start(c, slog.New(slog.NewTextHandler(l, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, s) })
	return s, l
}

// waitServed waits until that many connections are being served.
func waitServed(t *testing.T, s *server, n int) {
	t.Helper()
	waitFor(t, "the connections to be served", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.conns) == n
	})
}

// TestBadHandshake checks that the log says whose handshake failed.
func TestBadHandshake(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		s, log := startLogged(t, c)
		conn := dialRaw(t, s.addr("tls"))
		write(t, conn, "<13>not TLS at all\n")
		if err := untilClosed(conn); err != nil {
			t.Error(err)
		}
		stopServer(t, s)
		if got := log.String(); !strings.Contains(got, "TLS handshake") || !strings.Contains(got, conn.LocalAddr().String()) {
			t.Errorf("the log does not name %v: %s", conn.LocalAddr(), got)
		}
		if failed, idle := s.stats.ConnErrors.Load(), s.idleClosed.Load(); failed != 1 || idle != 0 {
			t.Errorf("%d connections count as failed, %d as idle; want 1, 0", failed, idle)
		}
	})
}

// TestIdleHandshake checks that a client which does not begin TLS counts as idle
// and as nothing else.
func TestIdleHandshake(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.idle = 50 * time.Millisecond
		s, log := startLogged(t, c)
		for _, kind := range []string{"tls", "relp-tls"} {
			conn := dialRaw(t, s.addr(kind))
			if err := untilClosed(conn); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
		stopServer(t, s)
		st := s.stats.Snapshot()
		if idle := s.idleClosed.Load(); idle != 2 || st.ConnErrors != 0 || st.ConnsTotal != 2 {
			t.Errorf("%d of %d connections count as idle, %d as failed; want 2 of 2, 0", idle, st.ConnsTotal, st.ConnErrors)
		}
		if got := log.String(); strings.Contains(got, "TLS handshake") {
			t.Errorf("an idle client is complained about: %s", got)
		}
	})
}

// TestIdleRELP checks that a silent RELP client is told that it is closed, also
// in the middle of a frame.
func TestIdleRELP(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		s := startServer(t, c)
		var clients []*relpClient
		for _, kind := range []string{"relp", "relp-tls"} {
			for _, rest := range []string{"", "3 syslog 10 ha"} {
				conn := dial(t, s, kind)
				r := openRELP(t, conn)
				write(t, conn, r.frame("syslog", "before")+rest)
				r.acks(t, 2, 1)
				clients = append(clients, r)
			}
		}
		waitServed(t, s, len(clients))
		s.finishSilent(0)
		for i, r := range clients {
			if txnr, data, err := r.response(); err != nil || txnr != 0 || data != "" {
				t.Errorf("client %d: %d %q, %v; want serverclose", i, txnr, data, err)
			}
			if _, err := r.r.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("client %d: after serverclose: %v; want EOF", i, err)
			}
		}
		stopServer(t, s)
		if failed, idle := s.stats.ConnErrors.Load(), s.idleClosed.Load(); failed != 0 || idle != 4 {
			t.Errorf("%d connections count as failed, %d as idle; want 0, 4", failed, idle)
		}
		sameMessages(t, storedIn(t, c.dir), []string{"before", "before", "before", "before"})
	})
}
