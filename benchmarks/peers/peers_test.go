package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/servers"
)

const (
	limit     = 30 * time.Second // bounds everything that a test waits for
	testConns = 50               // each server's, at once
)

// TestPeers starts every kind with every protocol and checks what it does.
func TestPeers(t *testing.T) {
	bin := buildPeers(t)
	file := filepath.Join(t.TempDir(), "file")
	data := make([]byte, 3<<20+17)
	fillRandom(data, 1)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds() {
		for _, proto := range protos {
			t.Run(k.name+"/"+proto, func(t *testing.T) {
				args := []string{"serve", "-kind", k.name, "-proto", proto, "-file", file, "-lifetime", "5m"}
				if k.starts[proto] == nil {
					checkUnsupported(t, bin, args, k.lacks[proto])
					return
				}
				p := startProcess(t, bin, args...)
				if !strings.Contains(p.hello.Status, k.module+" v") {
					t.Errorf("Status = %q: does not name a version of %s", p.hello.Status, k.module)
				}
				p.check(t, proto, data)
				p.stop(t)
			})
		}
	}
}

// TestC does the same with the servers written in C.
func TestC(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is not installed")
	}
	for _, name := range []string{"epoll", "uring"} {
		t.Run(name, func(t *testing.T) {
			bin := filepath.Join(t.TempDir(), name)
			cmd := exec.Command("gcc", "-O2", "-Wall", "-Wextra", "-o", bin, filepath.Join("..", "csrc", name+".c"))
			if name == "uring" {
				if _, err := os.Stat("/usr/include/liburing.h"); err != nil {
					t.Skip("liburing is not installed")
				}
				cmd.Args = append(cmd.Args, "-luring")
			}
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Fatalf("gcc: %v\n%s", err, out)
			}
			for _, proto := range []string{"echo", "sink", "source"} {
				t.Run(proto, func(t *testing.T) {
					p := startProcess(t, bin, "-proto", proto, "-buf=1000", "-lifetime", "5m0s")
					p.check(t, proto, nil)
					p.stop(t)
				})
			}
			checkUnsupported(t, bin, []string{"-proto", "http"}, "")
		})
	}
}

// TestLifetime checks that a server ends when its time is over.
func TestLifetime(t *testing.T) {
	p := startProcess(t, buildPeers(t), "serve", "-kind", "gnet", "-lifetime", "10ms")
	if err := p.cmd.Wait(); err == nil {
		t.Error("the process ended well; want an error")
	}
}

func buildPeers(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "peers")
	t.Setenv("GOWORK", "off") // this module is not of the workspace
	cmd := exec.Command("go", "build", "-tags=iouringgo", "-ldflags=-checklinkname=0", "-o", bin, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

func checkUnsupported(t *testing.T, bin string, args []string, reason string) {
	t.Helper()
	out, err := exec.Command(bin, args...).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitUnsupported {
		t.Errorf("%v: want exit code %d", err, exitUnsupported)
	}
	if s := string(out); !strings.HasPrefix(s, "unsupported: ") || strings.Count(s, "\n") != 1 || !strings.Contains(s, reason) {
		t.Errorf("output %q: want one line that says it is unsupported: %s", s, reason)
	}
}

// process is a server that runs.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	hello  servers.Hello
	stderr bytes.Buffer
}

func startProcess(t *testing.T, bin string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(bin, args...)}
	p.cmd.Stderr = &p.stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// A server that hangs is killed, and what waits for it then fails.
	hung := time.AfterFunc(3*limit, func() { _ = p.cmd.Process.Kill() })
	t.Cleanup(func() {
		hung.Stop()
		_ = p.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("standard error: %s", p.stderr.String())
		}
	})
	p.answer(t, &p.hello)
	if p.hello.PID != p.cmd.Process.Pid || p.hello.GOMAXPROCS < 1 || p.hello.NumCPU < 1 {
		t.Errorf("hello: %+v", p.hello)
	}
	return p
}

func (p *process) answer(t *testing.T, v any) {
	t.Helper()
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		_ = p.cmd.Wait()
		t.Fatalf("reading a line: %v\n%s", err, p.stderr.String())
	}
	if err := json.Unmarshal(line, v); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
}

func (p *process) ask(t *testing.T, command string) map[string]uint64 {
	t.Helper()
	if _, err := io.WriteString(p.in, command+"\n"); err != nil {
		t.Fatal(err)
	}
	var m map[string]uint64
	p.answer(t, &m)
	return m
}

// stop ends the process's input, and checks that it ends well for that.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.in.Close(); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(p.out)
	if err != nil || len(rest) > 0 {
		t.Errorf("standard output goes on with %q, %v", rest, err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("at the end of its input: %v", err)
	}
}

func (p *process) check(t *testing.T, proto string, file []byte) {
	t.Helper()
	switch proto {
	case "echo":
		p.checkEcho(t)
	case "sink":
		p.checkSink(t)
	case "source":
		p.eachConn(t, func(_ int, c net.Conn) error { return checkPattern(c, 1<<20+1) })
	case "file":
		p.eachConn(t, func(_ int, c net.Conn) error {
			got, err := io.ReadAll(c)
			if err == nil && !bytes.Equal(got, file) {
				err = fmt.Errorf("%d bytes that are not the file's %d", len(got), len(file))
			}
			return err
		})
	case "http":
		p.checkHTTP(t)
	}
}

// eachConn runs f with many connections at once.
func (p *process) eachConn(t *testing.T, f func(i int, c net.Conn) error) {
	t.Helper()
	var all sync.WaitGroup
	for i := range testConns {
		all.Go(func() {
			c, err := net.Dial("tcp", p.hello.Addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
				t.Error(err)
			}
			if err := f(i, c); err != nil {
				t.Errorf("connection %d: %v", i, err)
			}
		})
	}
	all.Wait()
}

func fillRandom(b []byte, seed uint64) {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(b)
}

// exchange sends data and checks that it comes back, if need be while it is still sending.
func exchange(c net.Conn, data []byte) error {
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(data)
		sent <- err
	}()
	got := make([]byte, len(data))
	if _, err := io.ReadFull(c, got); err != nil {
		return fmt.Errorf("%d bytes: %w", len(data), err)
	}
	if !bytes.Equal(got, data) {
		return fmt.Errorf("%d bytes came back changed", len(data))
	}
	return <-sent
}

// blocked sends much without reading, then reads it: the server has to keep
// what it cannot send, and go on sending without being sent more.
func blocked(c net.Conn, data []byte) error {
	if _, err := c.Write(data); err != nil {
		return err
	}
	got := make([]byte, len(data))
	if _, err := io.ReadFull(c, got); err != nil {
		return fmt.Errorf("after %d bytes unread: %w", len(data), err)
	}
	if !bytes.Equal(got, data) {
		return fmt.Errorf("%d bytes came back changed", len(data))
	}
	return nil
}

func (p *process) checkEcho(t *testing.T) {
	t.Helper()
	p.eachConn(t, func(i int, c net.Conn) error {
		for _, n := range []int{1, 64, 1000, 4096, 4097, 64 << 10, 1 << 20} {
			data := make([]byte, n)
			fillRandom(data, uint64(i))
			if err := exchange(c, data); err != nil {
				return err
			}
		}
		data := make([]byte, 512<<10)
		fillRandom(data, uint64(i))
		if err := blocked(c, data); err != nil {
			return err
		}
		// The end of the client's bytes ends the server's.
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			return err
		}
		if n, err := c.Read(data); err != io.EOF {
			return fmt.Errorf("after the end: %d bytes, %v", n, err)
		}
		return nil
	})
	p.checkNoDelay(t)
}

// checkNoDelay checks that all connections of a Go server have TCP_NODELAY. The
// sockets of the one in C are not in its table of files.
func (p *process) checkNoDelay(t *testing.T) {
	t.Helper()
	if p.cmd.Args[1] != "serve" {
		return
	}
	c, err := net.Dial("tcp", p.hello.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := exchange(c, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if m := p.ask(t, "sockets"); m["connections"] < 1 || m["nodelay"] != m["connections"] {
		t.Errorf("sockets: %v", m)
	}
}

func (p *process) checkSink(t *testing.T) {
	t.Helper()
	const n = 1<<20 + 3
	const want = testConns * n
	data := make([]byte, n)
	// Connections stay open until all is counted: nbio throws away what it has
	// not read when the peer closes.
	counted := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		p.eachConn(t, func(_ int, c net.Conn) error {
			_, err := c.Write(data)
			<-counted
			return err
		})
	})
	var got uint64
	for begin := time.Now(); got < want && time.Since(begin) < limit; {
		got = p.ask(t, "stats")["received_bytes"]
	}
	close(counted)
	all.Wait()
	if got != want {
		t.Errorf("received_bytes = %d; want %d", got, want)
	}
}

// checkPattern reads n bytes and checks them.
func checkPattern(r io.Reader, n int) error {
	got := make([]byte, n)
	if _, err := io.ReadFull(r, got); err != nil {
		return err
	}
	for i, b := range got {
		if b != byte(i%period) {
			return fmt.Errorf("byte %d is %d; want %d", i, b, i%period)
		}
	}
	return nil
}

func (p *process) checkHTTP(t *testing.T) {
	t.Helper()
	p.eachConn(t, func(_ int, c net.Conn) error {
		r := bufio.NewReader(c)
		for range 3 {
			if err := get(c, r, "/", "", helloPage); err != nil {
				return err
			}
			if err := get(c, r, "/json", "application/json", jsonPage); err != nil {
				return err
			}
		}
		return nil
	})
}

func get(c net.Conn, r *bufio.Reader, path, contentType, body string) error {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: peers\r\n\r\n", path); err != nil {
		return err
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || string(got) != body || !strings.Contains(resp.Header.Get("Content-Type"), contentType) {
		return fmt.Errorf("GET %s: %s, %q, %d bytes", path, resp.Status, resp.Header.Get("Content-Type"), len(got))
	}
	return resp.Body.Close()
}
