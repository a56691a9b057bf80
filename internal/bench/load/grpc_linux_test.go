package load

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// healthServer is a server of HTTP/2 that answers as gRPC's with a message and a status, and
// returns its address.
func healthServer(t *testing.T, message, status string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "\x00\x00\x00\x00\x00" || r.URL.Path != "/grpc.health.v1.Health/Check" ||
			r.Header.Get("Content-Type") != "application/grpc" || r.Header.Get("Te") != "trailers" {
			t.Errorf("request %s %v, % x, %v", r.URL, r.Header, body, err)
		}
		w.Header().Set("Content-Type", "application/grpc")
		_, _ = io.WriteString(w, message)
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", status)
	})}
	s.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	return ln.Addr().String()
}

// The server sends settings, window updates and pings, and wants its own window given back:
// 64 KiB, of which 12,000 answers take more.
func TestGRPC(t *testing.T) {
	ex, err := NewExchange("grpc", 0)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Dial(healthServer(t, grpcServing, "0"), 1, ex)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for answers := uint64(0); answers < 12_000; {
		s, err := c.Run(50 * time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		answers += s.Total
	}
}

func TestGRPCRefuses(t *testing.T) {
	for _, bad := range []struct{ message, status, want string }{
		{grpcServing, "5", `"5"`},
		{grpcServing[:6] + "\x02", "0", "answer"},
		{grpcServing + "x", "0", "answer"},
		{grpcServing[:4], "0", "answer"},
		{"", "0", "answer"},
	} {
		ex, err := NewExchange("grpc", 0)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := Dial(healthServer(t, bad.message, bad.status), 1, ex); err == nil {
			c.Close()
			t.Errorf("%+v: no error", bad)
		} else if !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// A server that speaks HTTP/1 is no server of gRPC.
func TestGRPCWantsHTTP2(t *testing.T) {
	ex, err := NewExchange("grpc", 0)
	if err != nil {
		t.Fatal(err)
	}
	addr := serve(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	})
	if c, err := Dial(addr, 1, ex); err == nil {
		c.Close()
		t.Error("no error")
	}
}
