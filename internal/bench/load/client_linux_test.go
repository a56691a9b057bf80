package load

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// serve runs handle for each connection to a new listener, and returns its
// address.
func serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				handle(c)
			}()
		}
	}()
	return ln.Addr().String()
}

func echoAll(c net.Conn) { _, _ = io.Copy(c, c) }

func TestClientCounts(t *testing.T) {
	for _, size := range []int{64, 256 << 10} {
		ex, err := NewExchange("echo", size)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Dial(serve(t, echoAll), 20, ex)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.ResetFairness()
		s, err := c.Run(50 * time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if s.Requests == 0 || s.Total < s.Requests || s.Total > s.Requests+20 || s.Total != c.Latency().Total() {
			t.Errorf("%d bytes: %d requests, %d with the drain, %d latencies", size, s.Requests, s.Total, c.Latency().Total())
		}
		if lo, hi := c.Fairness(); lo > 1 || hi < 1 {
			t.Errorf("fairness %v to %v", lo, hi)
		}
	}
}

func TestClientReportsWrongEcho(t *testing.T) {
	addr := serve(t, func(c net.Conn) {
		buf := make([]byte, 64)
		for n := 0; ; n++ {
			if _, err := io.ReadFull(c, buf); err != nil {
				return
			}
			if n == 3 {
				buf[40]++
			}
			if _, err := c.Write(buf); err != nil {
				return
			}
		}
	})
	wantRunError(t, addr, "differs")
}

func TestClientReportsHangUp(t *testing.T) {
	addr := serve(t, func(c net.Conn) { _, _ = io.CopyN(c, c, 3*64) })
	wantRunError(t, addr, "")
}

// wantRunError wants a slice of load to fail with an error that holds text.
func wantRunError(t *testing.T, addr, text string) {
	t.Helper()
	ex, err := NewExchange("echo", 64)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Dial(addr, 1, ex)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err = c.Run(time.Second); err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want one with %q", err, text)
	}
}

// What comes while no reply is awaited is an error, but not where servers may speak at any time.
func TestClientTakesWhatNobodyAskedFor(t *testing.T) {
	for proto, want := range map[string]bool{"echo": false, "nats": true} {
		ex, err := NewExchange(proto, 64)
		if err != nil {
			t.Fatal(err)
		}
		c := Client{exchange: ex, conns: make([]conn, 1), buf: []byte("PING\r\n")}
		if err := c.take(0, &c.conns[0], len(c.buf), 0); (err == nil) != want {
			t.Errorf("%s: %v", proto, err)
		}
	}
}
