package main

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestStopDrains stops a server while clients have sent and stay: all that
// they had sent is stored, and RELP's is acknowledged.
func TestStopDrains(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		s := startServer(t, c)
		const each = 20000
		var want []string
		send := func(kind string, text func([]string) string) net.Conn {
			msgs := messages(kind, each)
			want = append(want, msgs...)
			conn := dial(t, s, kind)
			write(t, conn, text(msgs))
			return conn
		}
		send("tcp", asLines)
		send("unix", asCounted)
		send("tls", asLines)
		conn := dial(t, s, "relp")
		r := openRELP(t, conn)
		acked := make(chan int)
		go func() { // or the window of the socket would fill up
			n := 0
			for {
				txnr, data, err := r.response()
				if err != nil || txnr != 0 && (txnr != n+2 || data != "200 OK") {
					acked <- n
					return
				}
				if txnr != 0 {
					n++
				}
			}
		}()
		msgs := messages("relp", each)
		want = append(want, msgs...)
		write(t, conn, r.frames(msgs))
		stopServer(t, s)
		if n := <-acked; n != each {
			t.Errorf("%d of %d acknowledged", n, each)
		}
		sameMessages(t, storedIn(t, c.dir), want)
		if n := s.stats.Snapshot(); n.Conns != 0 || n.ConnErrors != 0 || n.Stored != n.Received {
			t.Errorf("%d connections open, %d failed; %d stored of %d", n.Conns, n.ConnErrors, n.Stored, n.Received)
		}
	})
}

// TestStopEndless stops a server whose clients do not stop sending, and one
// whose client does not read its acknowledgements.
func TestStopEndless(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.grace = time.Second
		s := startServer(t, c)
		endless := dial(t, s, "tcp")
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				if _, err := io.WriteString(endless, "again and again\n"); err != nil {
					return
				}
			}
		}()
		deaf := dial(t, s, "relp")
		r := openRELP(t, deaf)
		deafEnded := make(chan struct{})
		go func() {
			defer close(deafEnded)
			for {
				if _, err := io.WriteString(deaf, r.frame("syslog", "unheard")); err != nil {
					return
				}
			}
		}()
		waitStored(t, s, 1000)
		began := time.Now()
		stopServer(t, s)
		if d := time.Since(began); d > 10*c.grace {
			t.Errorf("stopping took %v with a grace of %v", d, c.grace)
		}
		for name, ended := range map[string]chan struct{}{"endless": ended, "deaf": deafEnded} {
			select {
			case <-ended:
			case <-time.After(patience / 2): // an EventConn may linger
				t.Errorf("the %s connection was left open", name)
				<-ended // its deadline
			}
		}
		if got := uint64(len(storedIn(t, c.dir))); got != s.stats.Stored.Load() {
			t.Errorf("%d logs in the segments, %d counted", got, s.stats.Stored.Load())
		}
	})
}

// TestStaleSocket checks that a unix socket left behind is replaced, that one
// in use is not, nor a file.
func TestStaleSocket(t *testing.T) {
	c := testConfig(t, modeConns)
	c.unix = []string{t.TempDir() + "/s"}
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: c.unix[0]})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	if s, err := start(c, discard); err == nil {
		s.stop()
		t.Fatal("a socket that is listened on was taken away")
	} else if !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v", err)
	}
	left.Close()
	s := startServer(t, c)
	conn := dial(t, s, "unix")
	write(t, conn, "hello\n")
	waitStored(t, s, 1)
}

// TestStartErrors checks that a server which cannot start says so and leaves
// nothing open (TestMain looks).
func TestStartErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		change func(*config)
		want   string
	}{
		"address": {func(c *config) { c.tcp = []string{"127.0.0.1:0", taken.Addr().String()} }, "-tcp"},
		"page":    {func(c *config) { c.http = taken.Addr().String() }, "-http"},
		"certificate": {func(c *config) {
			c.tls, c.selfSigned, c.cert, c.key = []string{"127.0.0.1:0"}, false, "/none", "/none"
		}, "certificate"},
		"directory": {func(c *config) { c.dir = "/dev/null/x" }, "/dev/null"},
	} {
		cfg := testConfig(t, modeEvents)
		c.change(&cfg)
		s, err := start(cfg, discard)
		if err == nil {
			s.stop()
			t.Errorf("%s: no error", name)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q does not say %q", name, err, c.want)
		}
	}
}
