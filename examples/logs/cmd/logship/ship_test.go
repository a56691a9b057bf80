package main

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// forProtos runs a test for both protocols.
func forProtos(t *testing.T, test func(t *testing.T, proto string)) {
	for _, proto := range []string{protoRELP, protoLines} {
		t.Run(proto, func(t *testing.T) { test(t, proto) })
	}
}

func TestStdin(t *testing.T) {
	forProtos(t, func(t *testing.T, proto string) {
		r := newReceiver(t, proto, nil).start()
		want := numbered(0, 20000)
		begin(t, strings.NewReader(text(want)+"\n\r\nwithout LF"), "-to", r.addr(), "-proto", proto).wait()
		r.want(append(want, "without LF"))
	})
}

// TestStdinTerm: at SIGTERM what was read is shipped, and the half line with it,
// although the standard input goes on.
func TestStdinTerm(t *testing.T) {
	forProtos(t, func(t *testing.T, proto string) {
		r := newReceiver(t, proto, nil).start()
		pr, pw := io.Pipe()
		defer pw.Close()
		l := begin(t, pr, "-to", r.addr(), "-proto", proto)
		want := numbered(0, 1000)
		if _, err := io.WriteString(pw, text(want)); err != nil {
			t.Fatal(err)
		}
		r.waitGot(1000)
		if _, err := io.WriteString(pw, "half"); err != nil {
			t.Fatal(err)
		}
		l.terminate()
		r.want(append(want, "half"))
	})
}

func TestEmptyInput(t *testing.T) {
	begin(t, strings.NewReader("\n\n"), "-to", "127.0.0.1:1").wait()
}

// TestTransports: TLS with a certificate of its own, and unix sockets.
func TestTransports(t *testing.T) {
	forProtos(t, func(t *testing.T, proto string) {
		want := numbered(0, 3000)
		t.Run("tls", func(t *testing.T) {
			web := httptest.NewTLSServer(nil) // for its certificate
			defer web.Close()
			ca := filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600); err != nil {
				t.Fatal(err)
			}
			ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: web.TLS.Certificates})
			if err != nil {
				t.Fatal(err)
			}
			r := newReceiver(t, proto, ln).start()
			begin(t, strings.NewReader(text(want)), "-to", r.addr(), "-proto", proto, "-tls", "-ca", ca, "-server-name", "example.com").wait()
			r.want(want)
		})
		t.Run("unix", func(t *testing.T) {
			ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
			if err != nil {
				t.Skip(err)
			}
			r := newReceiver(t, proto, ln).start()
			begin(t, strings.NewReader(text(want)), "-to", r.addr(), "-proto", proto).wait()
			r.want(want)
		})
	})
}

// TestUntrusted: nothing is sent to a server that is not who it should be.
func TestUntrusted(t *testing.T) {
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	pr, pw := io.Pipe()
	defer pw.Close()
	l := begin(t, pr, "-to", web.Listener.Addr().String(), "-tls", "-grace=0s")
	if _, err := io.WriteString(pw, "a\n"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the refusal", func() bool { return strings.Contains(l.stderr.String(), "certificate") })
	l.stop()
	if code := l.code(); code != 1 || !strings.Contains(l.stderr.String(), "1 lines not shipped") {
		t.Errorf("exit code %d: %s", code, l.stderr.String())
	}
}

// TestBrokenConnections: connections that break at any message, with
// acknowledgements lost, lose and reorder nothing.
func TestBrokenConnections(t *testing.T) {
	r := newReceiver(t, protoRELP, nil)
	breaks := 0
	r.breakAfter = func() int {
		if breaks++; breaks > 20 {
			return -1
		}
		return 1 + rand.IntN(2000)
	}
	r.start()
	want := numbered(0, 20000)
	l := begin(t, strings.NewReader(text(want)), "-to", r.addr(), "-window", "100")
	l.wait()
	r.want(want)
	if !strings.Contains(l.stderr.String(), "connections lost") || r.opened < 3 {
		t.Errorf("%d connections: %s", r.opened, l.stderr.String())
	}
}

// TestServerAway: a server that refuses, is silent or is not there is tried
// again until it takes the lines.
func TestServerAway(t *testing.T) {
	for _, how := range []string{"refuses", "mute", "away"} {
		t.Run(how, func(t *testing.T) {
			r := newReceiver(t, protoRELP, nil)
			r.refuses, r.mute = how == "refuses", how == "mute"
			if how != "away" {
				r.start()
			}
			want := numbered(0, 1000)
			l := begin(t, strings.NewReader(text(want)), "-to", r.addr(), "-timeout=100ms", "-window=10")
			waitFor(t, "a lost connection", func() bool { return strings.Contains(l.stderr.String(), "connection lost") })
			r.mu.Lock()
			r.refuses, r.mute = false, false
			r.mu.Unlock()
			if how == "away" {
				r.start()
			}
			l.wait()
			r.want(want)
		})
	}
}

// TestTermWithoutServer: who cannot ship says so, after -grace, and keeps the
// position before what is missing.
func TestTermWithoutServer(t *testing.T) {
	file, state := logFile(t)
	want := numbered(0, 500)
	appendTo(t, file, text(want[:200]))
	r := newReceiver(t, protoRELP, nil).start()
	l := begin(t, nil, "-to", r.addr(), "-file", file, "-state", state, "-grace=20ms")
	r.waitGot(200)
	r.mu.Lock()
	r.mute = true
	r.mu.Unlock()
	appendTo(t, file, text(want[200:]))
	r.waitGot(201)
	l.stop()
	if code := l.code(); code != 1 || !strings.Contains(l.stderr.String(), "lines not shipped") {
		t.Errorf("exit code %d: %s", code, l.stderr.String())
	}
	r.mu.Lock()
	r.mute, r.msgs = false, r.msgs[:200]
	r.mu.Unlock()
	begin(t, nil, "-to", r.addr(), "-file", file, "-state", state, "-follow=false").wait()
	r.want(want)
}

// TestKilled: a logship that is killed at any time goes on where it was.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a child that is killed leaves its files open for a while there")
	}
	file, state := logFile(t)
	want := numbered(0, 50000)
	r := newReceiver(t, protoRELP, nil).start()
	appendTo(t, file, text(want))
	for i := range 5 {
		c := exec.Command(os.Args[0], "-to", r.addr(), "-file", file, "-state", state, "-window=50", "-progress=0")
		c.Env = append(os.Environ(), childEnv+"=1")
		before := len(r.got())
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "more lines", func() bool { return len(r.got()) > min(before+1000*i, len(want)-1) })
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	begin(t, nil, "-to", r.addr(), "-file", file, "-state", state, "-follow=false").wait()
	r.want(want)
}

func TestProgress(t *testing.T) {
	p := new(progress)
	now := time.Unix(0, 0)
	m := meter{p: p, last: now}
	p.shipped.Store(1000)
	p.bytes.Store(50e6)
	p.read.Store(50e6)
	p.size.Store(200e6)
	p.lost.Store(2)
	got := m.line(now.Add(time.Second))
	for _, want := range []string{"1000 lines (50.0 MB)", "1000 lines/s", "50.0 MB/s", "25 % of the file, 6s left", "connections lost 2"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q has no %q", got, want)
		}
	}
	if got := m.line(now.Add(2 * time.Second)); !strings.Contains(got, " 0 lines/s") {
		t.Errorf("standing still: %q", got)
	}
}

// TestTimeLeft: a time is given while something is read, none when that has come
// to rest.
func TestTimeLeft(t *testing.T) {
	p := new(progress)
	now := time.Now()
	m := meter{p: p, last: now}
	p.size.Store(34e6)
	p.read.Store(16e6)
	now = now.Add(time.Second)
	if s := m.line(now); !strings.Contains(s, "47 % of the file, 2s left") {
		t.Errorf("while it is read: %s", s)
	}
	for range 2000 {
		now = now.Add(time.Second)
		if s := m.line(now); strings.Contains(s, ", -") {
			t.Fatalf("at rest: %s", s)
		}
	}
	if s := m.line(now.Add(time.Second)); strings.Contains(s, " left") {
		t.Errorf("after a while: %s", s)
	}
}
