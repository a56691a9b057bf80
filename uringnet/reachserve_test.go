//go:build linux

package uringnet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// serves checks, without a testing.T, that s carries an echo and HTTP.
func serves(what string, s stack) error {
	for _, network := range []string{"tcp", "unix"} {
		if err := servesEcho(s, network); err != nil {
			return fmt.Errorf("%s: echo over %s: %w", what, network, err)
		}
	}
	if err := servesHTTP(s); err != nil {
		return fmt.Errorf("%s: HTTP: %w", what, err)
	}
	return nil
}

// servesEcho sends a MiB back and forth, both ends on s.
func servesEcho(s stack, network string) error {
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = "@" // a free abstract name
	}
	ln, err := s.listen(network, addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	served := make(chan error, 1)
	go func() { served <- echoOnce(ln) }()
	c, err := s.dial(network, ln.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	data := randomBytes(1, 1<<20)
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(data)
		sent <- err
	}()
	got := make([]byte, len(data))
	if _, err := io.ReadFull(c, got); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if !bytes.Equal(got, data) {
		return errors.New("other bytes came back")
	}
	if err := <-sent; err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	return <-served
}

// echoOnce serves one connection to its end.
func echoOnce(ln net.Listener) error {
	c, err := ln.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	b := make([]byte, 8<<10)
	for {
		n, err := c.Read(b)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := c.Write(b[:n]); err != nil {
			return err
		}
	}
}

// servesHTTP sends requests of a stock client to a stock server.
func servesHTTP(s stack) error {
	ln, err := s.listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = w.Write(b)
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	})}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	tr := &http.Transport{DialContext: func(_ context.Context, network, addr string) (net.Conn, error) {
		return s.dial(network, addr)
	}}
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr, Timeout: patience}
	for i := range int64(3) {
		body := randomBytes(i, 100_000)
		resp, err := client.Post("http://"+ln.Addr().String()+"/", "application/octet-stream", bytes.NewReader(body))
		if err != nil {
			return err
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return err
		}
		if !bytes.Equal(got, body) {
			return fmt.Errorf("request %d: other bytes came back: %d of %d", i, len(got), len(body))
		}
	}
	tr.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return err
	}
	if err := <-served; err != http.ErrServerClosed {
		return err
	}
	return nil
}
