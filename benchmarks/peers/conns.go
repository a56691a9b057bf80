package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// connStarts serve all protocols on a listener like that of net, with a
// goroutine for each connection.
func connStarts(listen func(*server) (net.Listener, string, error)) map[string]start {
	begin := func(s *server) (string, error) {
		ln, addr, err := listen(s)
		if err != nil {
			return "", err
		}
		go func() { s.stopped(s.serveConns(ln)) }()
		return addr, nil
	}
	starts := make(map[string]start)
	for _, p := range protos {
		starts[p] = begin
	}
	return starts
}

func (s *server) serveConns(ln net.Listener) error {
	handle := s.echoConn
	switch s.proto {
	case "sink":
		handle = s.sinkConn
	case "source":
		handle = s.sourceConn
	case "file":
		handle = s.fileConn
	case "http":
		return (&http.Server{Handler: pages(), ReadHeaderTimeout: time.Minute}).Serve(ln)
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer func() { _ = c.Close() }()
			handle(c)
		}()
	}
}

func (s *server) echoConn(c net.Conn) {
	buf := make([]byte, s.buf)
	for {
		n, err := c.Read(buf)
		if n > 0 && writeAll(c, buf[:n]) != nil {
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *server) sinkConn(c net.Conn) {
	buf := make([]byte, s.buf)
	for {
		n, err := c.Read(buf)
		if n > 0 {
			s.received.Add(uint64(n))
		}
		if err != nil {
			return
		}
	}
}

func (s *server) sourceConn(c net.Conn) {
	for off := int64(0); ; off += int64(s.buf) {
		if writeAll(c, s.content.at(off)) != nil {
			return
		}
	}
}

// fileConn sends the file the way the connection offers, or in pieces.
func (s *server) fileConn(c net.Conn) {
	if r, ok := c.(io.ReaderFrom); ok {
		f, err := os.Open(s.file)
		if err != nil {
			return
		}
		defer func() { _ = f.Close() }()
		_, _ = r.ReadFrom(f)
		return
	}
	for off := int64(0); ; {
		b := s.content.at(off)
		if len(b) == 0 || writeAll(c, b) != nil {
			return
		}
		off += int64(len(b))
	}
}

// writeAll writes all of b. Not all peers do so at once, as net does.
func writeAll(c net.Conn, b []byte) error {
	for len(b) > 0 {
		n, err := c.Write(b)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// pages is the handler of the http protocol, for net/http and what takes its
// handlers.
func pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, helloPage)
	})
	mux.HandleFunc("GET /json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, jsonPage)
	})
	return mux
}
