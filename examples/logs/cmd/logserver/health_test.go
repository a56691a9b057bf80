package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// TestHealth asks a server that is well, and looks for the metrics of its disk.
func TestHealth(t *testing.T) {
	c := testConfig(t, modeEvents)
	c.http, c.tcp = "127.0.0.1:0", []string{"127.0.0.1:0"}
	s := startServer(t, c)
	for _, path := range []string{"/healthz", "/readyz"} {
		if r, text := fetch(t, s, path); r.StatusCode != http.StatusOK || text != "ok\n" || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %d %q", path, r.StatusCode, text)
		}
	}
	if strings.Contains(s.metricsText(t), "logserver_last_sync_age_seconds ") {
		t.Error("a sync that never was has an age")
	}
	write(t, dial(t, s, "tcp"), "hello\n")
	waitStored(t, s, 1)
	text := s.metricsText(t)
	wantMetrics(t, text, "logserver_write_failing 0", "logserver_store_segments 1")
	for _, name := range []string{"logserver_store_bytes", "logserver_disk_free_bytes", "logserver_oldest_log_timestamp_seconds", "logserver_last_sync_age_seconds"} {
		if !strings.Contains(text, "\n"+name+" ") || strings.Contains(text, "\n"+name+" 0\n") {
			t.Errorf("no %s, or 0", name)
		}
	}
	close(s.stopping)
	if r, text := fetch(t, s, "/readyz"); r.StatusCode != http.StatusServiceUnavailable || text != "the server is stopping\n" {
		t.Errorf("while it stops: %d %q", r.StatusCode, text)
	}
	s.stopping = make(chan struct{})
}

// TestUnready takes a server's directory away: it is not ready until that is back, though
// it lives.
func TestUnready(t *testing.T) {
	if got := readiness(t, func(s *server) { breakStore(t, s) }); !strings.HasPrefix(got, "the store cannot write: ") {
		t.Errorf("with a broken store: %q", got)
	}
}

// readiness starts a server, does something to it, and returns what /readyz says then.
func readiness(t *testing.T, do func(s *server)) string {
	t.Helper()
	c := testConfig(t, modeConns)
	c.http, c.tcp, c.files, c.grace = "127.0.0.1:0", []string{"127.0.0.1:0"}, filesStd, time.Second
	s := startServer(t, c)
	do(s)
	write(t, dial(t, s, "tcp"), "hello\n")
	waitFor(t, "an error", func() bool { return s.store.Failing() != nil })
	_, text := fetch(t, s, "/readyz")
	if r, _ := fetch(t, s, "/healthz"); r.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %d", r.StatusCode)
	}
	wantMetrics(t, s.metricsText(t), "logserver_write_failing 1")
	repairStore(t, s)
	waitStored(t, s, 1)
	if r, text := fetch(t, s, "/readyz"); r.StatusCode != http.StatusOK {
		t.Errorf("after the repair: %d %q", r.StatusCode, text)
	}
	return text
}

// breakStore puts a link to nowhere in the place of the directory of segments.
func breakStore(t *testing.T, s *server) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a directory in use cannot be renamed on Windows")
	}
	if err := os.Rename(s.cfg.dir, s.cfg.dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(s.cfg.dir+".nowhere", s.cfg.dir); err != nil {
		t.Fatal(err)
	}
}

// repairStore undoes it.
func repairStore(t *testing.T, s *server) {
	t.Helper()
	if err := errors.Join(os.Remove(s.cfg.dir), os.Rename(s.cfg.dir+".away", s.cfg.dir)); err != nil {
		t.Fatal(err)
	}
}

// TestWatchdogStuck: a writer that does not go on is not said to live. (service_unix_test.go
// has one that does.)
func TestWatchdogStuck(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no unix datagram sockets on Windows")
	}
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	s := startServer(t, testConfig(t, modeConns))
	steps, idle := uint64(7), false
	var ticks []bool
	for _, step := range []struct {
		n    uint64
		idle bool
	}{{7, true}, {8, false}, {8, false}, {8, true}, {9, false}} {
		last := steps
		steps, idle = step.n, step.idle
		ticks = append(ticks, lives(last, steps, idle))
	}
	if want := [5]bool{true, true, false, true, true}; [5]bool(ticks) != want {
		t.Errorf("%v; want %v", ticks, want)
	}
	waitFor(t, "the writer", func() bool { n, _ := s.store.Steps(); return n > 0 })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.watchdog(ctx, time.Hour)
	var buf [20]byte
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(buf[:]); string(buf[:n]) != "WATCHDOG=1" {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

// TestVersion prints what the build has noted.
func TestVersion(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"-version"}, &out, &errs); code != 0 || !strings.HasPrefix(out.String(), "logserver ") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%d, %q, %q", code, out.String(), errs.String())
	}
	info := &debug.BuildInfo{Main: debug.Module{Path: "example.org/m", Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	if got := versionLine(info); !strings.HasPrefix(got, "logserver example.org/m v1.2.3 commit abc of 2026-01-02T03:04:05Z, modified go1.") {
		t.Errorf("%q", got)
	}
}

// TestCheckConfig checks the exit code and that the reason is said.
func TestCheckConfig(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string // "": valid
	}{
		{nil, ""},
		{[]string{"-tls", "127.0.0.1:0", "-self-signed", "-udp", "127.0.0.1:514", "-unixgram", "/x"}, ""},
		{[]string{"-config", configFile(t, "tcp = 127.0.0.1:1", "http =")}, ""},
		{[]string{"-config", configFile(t, "tpc = 127.0.0.1:1")}, ":1: unknown setting"},
		{[]string{"-config", configFile(t, "version = true")}, `unknown setting "version"`},
		{[]string{"-config", configFile(t, "check-config = true")}, `unknown setting "check-config"`},
		{[]string{"-config", "/none"}, "/none"},
		{[]string{"-tls", "127.0.0.1:0", "-cert", junk, "-key", junk}, junk},
		{[]string{"-relp-tls", "127.0.0.1:0", "-cert", "/none", "-key", junk}, "/none"},
		{[]string{"-tls", "127.0.0.1:0", "-self-signed", "-tls-client-ca", junk}, "-tls-client-ca"},
		{[]string{"-tcp", "127.0.0.1"}, `-tcp "127.0.0.1": want host:port`},
		{[]string{"-udp", "127.0.0.1:nothing"}, `-udp "127.0.0.1:nothing": want host:port`},
		{[]string{"-http", "9514"}, `-http "9514": want host:port`},
		{[]string{"-udp-buffer", "2GiB"}, `-udp-buffer "2GiB": want`},
		{[]string{"-batches", "1"}, "-batches"},
		{[]string{"-sink", "nats://127.0.0.1:1?stream=S&token-file=" + junk}, ""},
		{[]string{"-sink", "nats://127.0.0.1:1?stream=S&token-file=/none"}, "sink nats-S: token-file open /none"},
		{[]string{"-sink", "tls://127.0.0.1:1?name=x&ca=" + junk}, "sink x: ca " + junk},
	} {
		var out, errs bytes.Buffer
		code := run(append([]string{"-check-config"}, c.args...), &out, &errs)
		if c.want == "" && (code != 0 || errs.Len() > 0 || out.String() != "the configuration is valid\n") ||
			c.want != "" && (code != 2 || !strings.Contains(errs.String(), c.want)) {
			t.Errorf("%q: %d, %q, %q; want %q", c.args, code, out.String(), errs.String(), c.want)
		}
	}
}
