package uringnet_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// websocket answers an upgrade request and echoes frames (RFC 6455).
func websocket(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	c, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer c.Close()
	fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	rw.Flush()
	for {
		payload, err := readFrame(rw.Reader)
		if err != nil {
			return
		}
		rw.Write(frame(payload, false))
		rw.Flush()
	}
}

// frame makes a binary frame, masked as clients have to.
func frame(payload []byte, masked bool) []byte {
	b := []byte{0x82}
	var maskBit byte
	if masked {
		maskBit = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, maskBit|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, maskBit|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, maskBit|127), uint64(n))
	}
	if !masked {
		return append(b, payload...)
	}
	mask := [4]byte{1, 2, 3, 4}
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

// readFrame reads one frame and takes its mask off.
func readFrame(r *bufio.Reader) ([]byte, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := uint64(head[1] & 0x7f)
	if ext := map[uint64]int{126: 2, 127: 8}[n]; ext > 0 {
		b := make([]byte, 8)
		if _, err := io.ReadFull(r, b[8-ext:]); err != nil {
			return nil, err
		}
		n = binary.BigEndian.Uint64(b)
	}
	var mask [4]byte
	if head[1]&0x80 != 0 {
		if _, err := io.ReadFull(r, mask[:]); err != nil {
			return nil, err
		}
	}
	payload := make([]byte, n)
	_, err := io.ReadFull(r, payload)
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return payload, err
}

const upgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// A websocket upgrade: Hijack aborts the server's background Read by a past
// deadline (peer failing #1), and frames sent together with the request are
// not lost.
func TestHTTPWebsocket(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		addr := serveHTTP(t, e, handler(websocket))
		for _, early := range []string{"", "with the request"} {
			w := dialWire(t, addr)
			w.send(t, upgrade+string(frame([]byte(early), true)))
			resp, err := http.ReadResponse(w.r, nil)
			must(t, err)
			if resp.StatusCode != 101 || resp.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
				t.Fatalf("upgrade: %v", resp)
			}
			if got, err := readFrame(w.r); string(got) != early || err != nil {
				t.Fatalf("early frame: %q, %v; want %q", got, err, early)
			}
			for _, size := range []int{0, 1, 125, 126, 5000, 70_000} {
				want := string(randomBytes(1, size))
				w.send(t, string(frame([]byte(want), true)))
				if got, err := readFrame(w.r); string(got) != want || err != nil {
					t.Fatalf("frame of %d bytes: %d bytes, %v", size, len(got), err)
				}
			}
			w.Close()
		}
	})
}

// Hijack after a wait, when the server's background Read has long blocked.
func TestHTTPHijackWhileReading(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		addr := serveHTTP(t, e, handler(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // starts the background Read
			c, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Errorf("Hijack: %v", err)
				return
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			io.WriteString(c, "mine\n")
			line, _ := rw.ReadString('\n')
			io.WriteString(c, "got "+line)
		}))
		for range 10 {
			w := dialWire(t, addr)
			w.send(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")
			if line, err := w.r.ReadString('\n'); line != "mine\n" {
				t.Fatalf("%q, %v", line, err)
			}
			w.send(t, "hello\n")
			w.ended(t, "got hello\n")
		}
	})
}

// Shutdown waits for the request in flight, and closes what is idle.
func TestHTTPShutdown(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		started, proceed := make(chan struct{}), make(chan struct{})
		srv := handler(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				close(started)
				<-proceed
			}
			io.WriteString(w, "done")
		})
		addr := serveHTTP(t, e, srv)
		idle := dialWire(t, addr)
		idle.send(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		idle.response(t)
		busy := dialWire(t, addr)
		busy.send(t, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
		<-started
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		shutdown := startErr("Shutdown", func() error { return srv.Shutdown(ctx) }).blocked(t)
		idle.ended(t, "") // closed at once
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			t.Error("connected during Shutdown")
		}
		close(proceed)
		if _, body := busy.response(t); body != "done" {
			t.Errorf("request in flight answered %q", body)
		}
		if _, err := shutdown.wait(t); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		busy.ended(t, "")
	})
}

// The server's timeouts fire.
func TestHTTPTimeouts(t *testing.T) {
	const short = 50 * time.Millisecond
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		writeErr := make(chan error, 1)
		srv := handler(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/big":
				_, err := w.Write(zeros)
				writeErr <- err
			case "/body":
				_, err := io.ReadAll(r.Body)
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("body that does not come: %v", err)
				}
			}
		})
		srv.ReadHeaderTimeout, srv.IdleTimeout, srv.WriteTimeout, srv.ReadTimeout = short, short, 4*short, 2*short
		addr := serveHTTP(t, e, srv)

		w := dialWire(t, addr)
		w.send(t, "GET / HTTP/1.1\r\nHo") // and no more
		w.ended(t, "HTTP/1.1 400 ")

		w = dialWire(t, addr) // and nothing at all
		w.ended(t, "")

		w = dialWire(t, addr)
		w.send(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		w.response(t)
		w.ended(t, "") // idle

		w = dialWire(t, addr)
		w.send(t, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
		w.ended(t, "HTTP/1.1")

		w = dialWire(t, addr)
		w.send(t, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n") // and reads nothing
		_, err := startErr("handler", func() error { return <-writeErr }).wait(t)
		checkTimeout(t, "Write of a response", err)
	})
}

// A reverse proxy with the engine on both sides, upgrades included.
func TestHTTPReverseProxy(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		backend := serveHTTP(t, e, handler(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") != "" {
				websocket(w, r)
				return
			}
			b, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %v:%s", r.Method, r.URL.Path, err, b)
		}))
		d := uringnet.Dialer{Engine: e}
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})
		tr := &http.Transport{DialContext: d.DialContext}
		t.Cleanup(tr.CloseIdleConnections)
		proxy.Transport = tr
		// Without full duplex net/http closes the request's body when the answer
		// begins, while the Transport still reads its end: it then drops the
		// connection and with it the answer, on std too, one time in a few
		// hundred.
		addr := serveHTTP(t, e, handler(func(w http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
				t.Error(err)
			}
			proxy.ServeHTTP(w, r)
		}))

		c := httpClient(t, nil)
		for i := range 10 {
			body := strings.Repeat("b", i*20_000)
			resp, err := c.Post(fmt.Sprintf("http://%s/%d", addr, i), "text/plain", strings.NewReader(body))
			must(t, err)
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if want := fmt.Sprintf("POST /%d <nil>:%s", i, body); string(got) != want || err != nil {
				t.Fatalf("through the proxy: %d bytes, %v; want %d", len(got), err, len(want))
			}
		}
		w := dialWire(t, addr)
		w.send(t, upgrade)
		resp, err := http.ReadResponse(w.r, nil)
		if err != nil || resp.StatusCode != 101 {
			t.Fatalf("upgrade through the proxy: %v, %v", resp, err)
		}
		w.send(t, string(frame([]byte("through"), true)))
		if got, err := readFrame(w.r); string(got) != "through" {
			t.Errorf("frame through the proxy: %q, %v", got, err)
		}
		w.Close()
	})
}
