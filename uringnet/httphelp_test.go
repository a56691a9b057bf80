package uringnet_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// serveHTTP serves h on the engine until the test ends.
func serveHTTP(t *testing.T, e *uringnet.Engine, srv *http.Server) (addr string) {
	t.Helper()
	ln := listen(t, stackOf(e), "tcp")
	served := startErr("Serve", func() error { return srv.Serve(ln) })
	t.Cleanup(func() {
		srv.Close()
		if _, err := served.wait(t); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr().String()
}

func handler(f http.HandlerFunc) *http.Server { return &http.Server{Handler: f} }

// httpClient returns a client whose connections are made by dial, or by net
// if it is nil.
func httpClient(t *testing.T, dial func(ctx context.Context, network, addr string) (net.Conn, error)) *http.Client {
	t.Helper()
	tr := &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

// get returns the body and status of a GET.
func get(c *http.Client, url string) (string, int, error) {
	resp, err := c.Get(url)
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), resp.StatusCode, err
}

// wire is a connection on which tests speak HTTP by hand.
type wire struct {
	net.Conn
	r *bufio.Reader
}

// dialWire connects with package net, so that the server side alone is tested.
func dialWire(t *testing.T, addr string) *wire {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	must(t, c.SetDeadline(time.Now().Add(patience)))
	return &wire{c, bufio.NewReader(c)}
}

func (w *wire) send(t *testing.T, s string) {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// response reads one response and its body.
func (w *wire) response(t *testing.T) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(w.r, nil)
	if err != nil {
		t.Fatalf("ReadResponse: %v", err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("body: %v", err)
	}
	return resp, string(b)
}

// ended fails unless the server closes the connection, after nothing more
// than want.
func (w *wire) ended(t *testing.T, want string) {
	t.Helper()
	b, err := io.ReadAll(w.r)
	if err != nil && !isReset(err) {
		t.Fatalf("connection still open: %v", err)
	}
	if !strings.HasPrefix(string(b), want) || want == "" && len(b) > 0 {
		t.Fatalf("server sent %q before the end; want %q", b, want)
	}
}

func isReset(err error) bool { return strings.Contains(err.Error(), "reset by peer") }
