package uringnet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// In a bubble the time of Now, timers and Sleep stands still while a goroutine
// waits in a connection; std's deadlines act by the real time all the same.
var bubbleBodies = []bubbleBody{
	{"echo", bubbleEcho},
	{"bulk", bubbleBulk},
	{"deadlines", bubbleDeadlines},
	{"deadline-frozen", bubbleDeadlineFrozen},
	{"accept", bubbleAccept},
	{"close", bubbleClose},
	{"http", bubbleHTTP},
	{"http-timeouts", bubbleHTTPTimeouts},
	{"files", bubbleFiles},
	{"chains", bubbleChains},
	{"events", bubbleEvents},
}

// bubbleEcho exchanges bytes both ways, with Reads that wait and Reads that find
// something, to the end.
func bubbleEcho(t *testing.T, b bubble) []string {
	var l errorLog
	for _, network := range networks() {
		client, server := pair(t, b.stack, network)
		for range 10 {
			r := startRead(server, 10).blocked(t)
			write(t, client, "ping")
			got, err := r.wait(t)
			l.add("Read that waited", got, err)
			write(t, server, "pong")
			expect(t, client, "pong")
		}
		write(t, client, "tail")
		must(t, client.Close())
		expect(t, server, "tail")
		l.read(t, server, 1)
	}
	return l.lines
}

// bubbleBulk sends more than a socket takes, so that Writes wait.
func bubbleBulk(t *testing.T, b bubble) []string {
	var l errorLog
	data := randomBytes(17, beyondSocket)
	client, server := pair(t, b.stack, "tcp")
	w := start("Write", func() (int, error) { return client.Write(data) }).blocked(t)
	got := make([]byte, len(data))
	n, err := start("ReadFull", func() (int, error) { return io.ReadFull(server, got) }).wait(t)
	l.add("ReadFull", n, err)
	n, err = w.wait(t)
	l.add("Write", n, err)
	return append(l.lines, fmt.Sprint("the same bytes: ", bytes.Equal(got, data)))
}

// bubbleDeadlines lets Reads and Writes time out, before and while they wait.
func bubbleDeadlines(t *testing.T, b bubble) []string {
	client, server := pair(t, b.stack, "tcp")
	l := errorLog{as: ofConn(server)}
	begin := time.Now()
	for _, d := range []time.Duration{-time.Hour, 0, 1, 20 * time.Millisecond} {
		must(t, server.SetReadDeadline(time.Now().Add(d)))
		l.read(t, server, 1)
		must(t, server.SetReadDeadline(time.Time{}))
		r := startRead(server, 1).blocked(t)
		must(t, server.SetDeadline(time.Now().Add(d)))
		_, err := r.wait(t)
		l.err(fmt.Sprint("Read, deadline in ", d), err)
		must(t, server.SetDeadline(time.Time{}))
	}
	r := startRead(server, 1).blocked(t)
	must(t, server.SetReadDeadline(aLongTimeAgo))
	_, err := r.wait(t)
	l.err("Read, deadline long ago", err)

	w := start("Write", func() (int, error) { return server.Write(zeros) }).blocked(t)
	must(t, server.SetWriteDeadline(time.Now().Add(20*time.Millisecond)))
	_, err = w.wait(t)
	l.err("Write", err)
	must(t, server.SetDeadline(time.Now().Add(time.Hour)))
	write(t, client, "x")
	l.read(t, server, 1)
	return append(l.lines, fmt.Sprint("time passed: ", time.Since(begin)))
}

// bubbleDeadlineFrozen sleeps past a deadline in the bubble's time: the deadline
// goes by the real one.
func bubbleDeadlineFrozen(t *testing.T, b bubble) []string {
	client, server := pair(t, b.stack, "tcp")
	l := errorLog{as: ofConn(server)}
	begin := time.Now()
	must(t, server.SetDeadline(time.Now().Add(time.Hour)))
	time.Sleep(2 * time.Hour)
	write(t, client, "x")
	l.read(t, server, 1)
	l.write(t, server, "y")
	expect(t, client, "y")
	must(t, server.SetDeadline(time.Now()))
	l.read(t, server, 1)
	return append(l.lines, fmt.Sprint("time passed: ", time.Since(begin)))
}

// bubbleAccept lets Accept wait, time out and be closed.
func bubbleAccept(t *testing.T, b bubble) []string {
	ln := listen(t, b.stack, "tcp")
	l := errorLog{as: addresses{"listener": ln.Addr()}}
	a := start("Accept", ln.Accept).blocked(t)
	client := dialTo(t, b.stack, ln)
	server, err := a.wait(t)
	must(t, err)
	defer server.Close()
	write(t, client, "x")
	expect(t, server, "x")
	d := ln.(interface{ SetDeadline(time.Time) error })
	must(t, d.SetDeadline(time.Now().Add(10*time.Millisecond)))
	_, err = start("Accept", ln.Accept).wait(t)
	l.err("Accept, late", err)
	must(t, d.SetDeadline(time.Time{}))
	a = start("Accept", ln.Accept).blocked(t)
	must(t, ln.Close())
	_, err = a.wait(t)
	l.err("Accept, closed", err)
	return l.lines
}

// bubbleClose closes connections on which Reads and Writes wait.
func bubbleClose(t *testing.T, b bubble) []string {
	client, server := pair(t, b.stack, "tcp")
	l := errorLog{as: ofConn(server)}
	r := startRead(server, 1).blocked(t)
	w := start("Write", func() (int, error) { return server.Write(zeros) }).blocked(t)
	must(t, server.Close())
	_, err := r.wait(t)
	l.err("Read", err)
	_, err = w.wait(t)
	l.err("Write", err)
	l.err("Close", server.Close())
	_, err = start("drain", func() (int64, error) { return io.Copy(io.Discard, client) }).wait(t)
	return append(l.lines, fmt.Sprint("the peer's end: ", err))
}

// bubbleHTTP is stock net/http, both ends on the stack.
func bubbleHTTP(t *testing.T, b bubble) (lines []string) {
	ln := listen(t, b.stack, "tcp")
	srv := handler(echoBody)
	served := startErr("Serve", func() error { return srv.Serve(ln) })
	tr := &http.Transport{DialContext: dialContextOf(b.stack)}
	client := &http.Client{Transport: tr, Timeout: time.Minute}
	for i := range 5 {
		body := randomBytes(int64(i), 100_000)
		resp, err := client.Post("http://"+ln.Addr().String(), "x/y", bytes.NewReader(body))
		must(t, err)
		got, err := io.ReadAll(resp.Body)
		must(t, errors.Join(err, resp.Body.Close()))
		lines = append(lines, fmt.Sprint(resp.Status, bytes.Equal(got, body)))
	}
	tr.CloseIdleConnections()
	must(t, srv.Close())
	_, err := served.wait(t)
	return append(lines, fmt.Sprint(err))
}

// bubbleHTTPTimeouts has a server that closes connections which do nothing.
func bubbleHTTPTimeouts(t *testing.T, b bubble) (lines []string) {
	ln := listen(t, b.stack, "tcp")
	srv := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }),
		ReadHeaderTimeout: 20 * time.Millisecond, ReadTimeout: time.Hour, WriteTimeout: time.Hour, IdleTimeout: 20 * time.Millisecond,
	}
	served := startErr("Serve", func() error { return srv.Serve(ln) })
	for _, request := range []string{"", "GET / HTTP/1.1\r\nHost", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"} {
		c := dialTo(t, b.stack, ln)
		write(t, c, request)
		all, err := start("ReadAll", func() ([]byte, error) { return io.ReadAll(c) }).wait(t)
		status, _, _ := bytes.Cut(all, []byte("\r\n"))
		lines = append(lines, fmt.Sprintf("%q: %q, %v", request, status, err))
	}
	must(t, srv.Close())
	_, err := served.wait(t)
	return append(lines, fmt.Sprint(err))
}

// bubbleFiles uses a file from several goroutines.
func bubbleFiles(t *testing.T, b bubble) []string {
	f, err := b.eng.OpenFile(filepath.Join(b.dir, "f"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	must(t, err)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 10 {
				data := bytes.Repeat([]byte{byte('a' + i)}, 1000)
				if err := fileWorks[0].work(b.eng, f, int64(w)*1000, data); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	st, err := f.Stat()
	must(t, err)
	must(t, f.Close())
	return []string{fmt.Sprint(st.Size())}
}

// bubbleChains runs chains with a file and a connection, in time and not.
func bubbleChains(t *testing.T, b bubble) []string {
	var l errorLog
	f, err := b.eng.OpenFile(filepath.Join(b.dir, "g"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	must(t, err)
	client, server := pair(t, stackOf(b.eng), "tcp")
	for range 5 {
		ch := b.eng.NewChain()
		ch.WriteAt(f, []byte("record"), 0)
		ch.Datasync(f)
		ack := ch.Send(server, []byte("ok")).Within(time.Minute)
		_, err := startErr("Run", ch.Run).wait(t)
		l.add("Run", ack.N, err)
		expect(t, client, "ok")
	}
	ch := b.eng.NewChain()
	step := ch.Recv(server, make([]byte, 2))
	run := startErr("Run", ch.Run)
	write(t, client, "in")
	_, err = run.wait(t)
	l.add("Run", step.N, err)
	ch = b.eng.NewChain()
	step = ch.Recv(server, make([]byte, 2)).Within(20 * time.Millisecond)
	_, err = startErr("Run", ch.Run).wait(t)
	must(t, f.Close())
	return append(l.lines, fmt.Sprintf("Run, late: %d, %v", step.N, err != nil))
}

// bubbleEvents echoes by events. The handler runs outside of the bubble, on the
// engine's goroutine: it touches none of the bubble's channels.
func bubbleEvents(t *testing.T, b bubble) []string {
	var ended atomic.Int64
	h := &eventFuncs{
		data:   func(c *uringnet.EventConn, b []byte) { _, _ = c.Write(b) },
		closed: func(*uringnet.EventConn, error) { ended.Add(1) },
	}
	data := randomBytes(5, 200_000)
	var lines []string
	for i := range 3 {
		client, server := pair(t, stackOf(b.eng), "tcp")
		ec, err := b.eng.AttachEvents(server, h)
		must(t, err)
		w := start("Write", func() (int, error) { return client.Write(data) })
		got := make([]byte, len(data))
		n, err := start("ReadFull", func() (int, error) { return io.ReadFull(client, got) }).wait(t)
		lines = append(lines, fmt.Sprint(n, err, bytes.Equal(got, data)))
		_, err = w.wait(t)
		must(t, err)
		if i == 0 {
			must(t, ec.Close())
			_, err := startRead(client, 1).wait(t)
			lines = append(lines, fmt.Sprint("end: ", err))
		}
		must(t, client.Close())
		for ended.Load() != int64(i+1) {
			runtime.Gosched()
		}
	}
	return lines
}

func dialContextOf(s stack) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(_ context.Context, network, address string) (net.Conn, error) { return s.dial(network, address) }
}
