package uringnet_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// echoBody answers with the request's body.
func echoBody(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.Write(b)
}

// Requests with keep-alive use one connection; client and server both run on
// the engine.
func TestHTTPKeepAlive(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		var conns atomic.Int64
		srv := handler(echoBody)
		srv.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				conns.Add(1)
			}
		}
		addr := serveHTTP(t, e, srv)
		d := uringnet.Dialer{Engine: e}
		c := httpClient(t, d.DialContext)
		for i := range 50 {
			body := strings.Repeat("x", i*i*10)
			resp, err := c.Post("http://"+addr, "text/plain", strings.NewReader(body))
			must(t, err)
			b, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(b) != body || err != nil {
				t.Fatalf("request %d: %d bytes, %v; want %d", i, len(b), err, len(body))
			}
		}
		if n := conns.Load(); n != 1 {
			t.Errorf("%d connections for requests that follow each other; want 1", n)
		}
	})
}

// Many clients at once.
func TestHTTPConcurrent(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		addr := serveHTTP(t, e, handler(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s", r.URL.Path, r.RemoteAddr)
		}))
		c := httpClient(t, nil)
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				for j := range 20 {
					path := fmt.Sprintf("/%d/%d", i, j)
					body, status, err := get(c, "http://"+addr+path)
					if err != nil || status != 200 || !strings.HasPrefix(body, path+" 127.0.0.1:") {
						t.Errorf("GET %s = %d %q, %v", path, status, body, err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

// Requests sent without waiting are answered in order, however they are cut.
func TestHTTPPipelining(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		addr := serveHTTP(t, e, handler(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) }))
		const n = 50
		var all strings.Builder
		for i := range n {
			fmt.Fprintf(&all, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i)
		}
		for _, piece := range []int{all.Len(), 7, 1000} {
			w := dialWire(t, addr)
			for rest := all.String(); rest != ""; {
				cut := min(piece, len(rest))
				w.send(t, rest[:cut])
				rest = rest[cut:]
			}
			for i := range n {
				if _, body := w.response(t); body != fmt.Sprintf("/%d", i) {
					t.Fatalf("response %d = %q", i, body)
				}
			}
			w.Close()
		}
	})
}

// Chunked bodies in both directions, with trailers and flushes.
func TestHTTPChunked(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		addr := serveHTTP(t, e, handler(func(w http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
				t.Error(err)
			}
			w.Header().Set("Trailer", "Sum")
			n := 0
			b := make([]byte, 5000)
			for {
				m, err := r.Body.Read(b)
				w.Write(b[:m])
				w.(http.Flusher).Flush()
				n += m
				if err != nil {
					break
				}
			}
			w.Header().Set("Sum", fmt.Sprint(n))
		}))
		d := uringnet.Dialer{Engine: e}
		c := httpClient(t, d.DialContext)
		data := randomBytes(1, 300_000)
		pr, pw := io.Pipe()
		go func() {
			for rest := data; len(rest) > 0; {
				n := min(len(rest), 7777)
				pw.Write(rest[:n])
				rest = rest[n:]
			}
			pw.Close()
		}()
		resp, err := c.Post("http://"+addr, "application/octet-stream", pr) // no length: chunked
		must(t, err)
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("echo of a chunked body: %d bytes, %v", len(got), err)
		}
		if sum := resp.Trailer.Get("Sum"); sum != fmt.Sprint(len(data)) {
			t.Errorf("trailer %q; want %d", sum, len(data))
		}
	})
}

// Responses far larger than the socket's buffers, to a client that reads late.
func TestHTTPLargeResponse(t *testing.T) {
	data := randomBytes(2, 4<<20)
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		wrote := make(chan struct{})
		addr := serveHTTP(t, e, handler(func(w http.ResponseWriter, r *http.Request) {
			w.Write(data[:1])
			w.(http.Flusher).Flush()
			close(wrote)
			w.Write(data[1:])
		}))
		resp, err := httpClient(t, nil).Get("http://" + addr)
		must(t, err)
		defer resp.Body.Close()
		<-wrote
		got, err := io.ReadAll(resp.Body)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes of %d, %v", len(got), len(data), err)
		}
	})
}

// Expect: 100-continue.
func TestHTTPContinue(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		addr := serveHTTP(t, e, handler(echoBody))
		w := dialWire(t, addr)
		w.send(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
		line, err := w.r.ReadString('\n')
		if !strings.Contains(line, "100 Continue") {
			t.Fatalf("%q, %v; want 100 Continue", line, err)
		}
		w.r.ReadString('\n')
		w.send(t, "hello")
		if _, body := w.response(t); body != "hello" {
			t.Errorf("body %q", body)
		}
	})
}

// Over unix sockets.
func TestHTTPUnix(t *testing.T) {
	if len(networks()) < 2 {
		return
	}
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stackOf(e), "unix")
		srv := handler(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "by unix") })
		served := startErr("Serve", func() error { return srv.Serve(ln) })
		d := uringnet.Dialer{Engine: e}
		c := httpClient(t, func(ctx context.Context, _, _ string) (net.Conn, error) {
			return d.DialContext(ctx, "unix", ln.Addr().String())
		})
		for range 5 {
			if body, _, err := get(c, "http://unix/"); body != "by unix" || err != nil {
				t.Errorf("GET = %q, %v", body, err)
			}
		}
		must(t, srv.Close())
		served.wait(t)
	})
}

// When the client is gone, the request's context ends.
func TestHTTPClientGone(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, how := range []string{"close", "reset", "canceled"} {
			started, ended := make(chan struct{}), make(chan error, 1)
			ln := listen(t, stackOf(e), "tcp")
			srv := handler(func(w http.ResponseWriter, r *http.Request) {
				close(started)
				<-r.Context().Done()
				ended <- r.Context().Err()
			})
			served := startErr("Serve", func() error { return srv.Serve(ln) })
			switch addr := ln.Addr().String(); how {
			case "canceled":
				ctx, cancel := context.WithCancel(t.Context())
				req, err := http.NewRequestWithContext(ctx, "GET", "http://"+addr, nil)
				must(t, err)
				c := httpClient(t, nil)
				do := startErr("Do", func() error {
					resp, err := c.Do(req)
					if err == nil {
						resp.Body.Close()
					}
					return err
				})
				<-started
				cancel()
				do.wait(t)
			default:
				w := dialWire(t, addr)
				w.send(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				<-started
				if how == "reset" {
					must(t, w.Conn.(*net.TCPConn).SetLinger(0))
				}
				w.Close()
			}
			if _, err := startErr("handler", func() error { return <-ended }).wait(t); err != context.Canceled {
				t.Errorf("%s: context ended with %v", how, err)
			}
			must(t, srv.Close())
			served.wait(t)
		}
	})
}
