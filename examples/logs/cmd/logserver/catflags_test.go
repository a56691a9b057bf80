package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// catServer is a server with some logs, which are stored.
func catServer(t *testing.T, logs ...string) (*server, config) {
	t.Helper()
	c := testConfig(t, modeConns)
	c.tcp = []string{"127.0.0.1:0"}
	s := startServer(t, c)
	conn := dial(t, s, "tcp")
	for i, log := range logs {
		write(t, conn, framed(log))
		waitStored(t, s, i+1)
	}
	return s, c
}

// TestCatFormat prints logs by templates. What senders give is escaped.
func TestCatFormat(t *testing.T) {
	s, c := catServer(t, "<34>1 2026-03-01T12:00:00.5Z host\x1b app 7 - - x", "<34>1 2026-03-01T12:00:00.5Z host app 7 - - two\nlines\x1b\\\u202e", "nothing\n")
	stopServer(t, s)
	for _, q := range []struct{ args, want string }{
		{"{{.Host}} {{.App}}[{{.ProcID}}] {{.Severity}}.{{.Facility}}|{{.Malformed}}{{.Cut}}{{.More}}", " [] crit.auth|truefalsefalse\nhost app[7] crit.auth|falsefalsefalse\n [] notice.user|truefalsefalse\n"},
		{"{{.Message}}", "<34>1 2026-03-01T12:00:00.5Z host\\x1b app 7 - - x\n<34>1 2026-03-01T12:00:00.5Z host app 7 - - two\\nlines\\x1b\\\u202e\nnothing\n"},
		{"{{(.Time.UTC.Format \"15:04:05.0\")}}", "12:00:00.5\n12:00:00.5\n00:00:00.0\n"},
		{"{{.Time.Format \"05.0\"}}", "00.5\n00.5\n\n"},
		{"-{{.Peer}}{{.Subject}}{{.Listener}}", ""},
	} {
		got, _ := output(t, 0, "cat", "-format", q.args, c.dir)
		if got != q.want && q.want != "" || strings.Contains(got, "\x1b") || strings.Count(got, "\n") != 3 {
			t.Errorf("%s: %q, want %q", q.args, got, q.want)
		}
	}
	if got, _ := output(t, 0, "cat", "-escape", "always", "-n", "2", "-format", "{{.Message}}", c.dir); !strings.Contains(got, `two\nlines\x1b\\\u202e`) {
		t.Errorf("escaped: %q", got)
	}
	if got, _ := output(t, 0, "cat", "-format", "{{.Received}}", "-n", "1", c.dir); !recent(strings.TrimSpace(got)) {
		t.Errorf("received %q", got)
	}
	for _, bad := range []string{"{{", "{{.Nothing}}", "{{nothing}}", "{{.Received.Format}}"} {
		if _, complaint := output(t, 2, "cat", "-format", bad, c.dir); !strings.Contains(complaint, "-format ") || !strings.Contains(complaint, "want a template: ") {
			t.Errorf("%s: %q", bad, complaint)
		}
	}
}

// recent reports whether text is a time of the last minute.
func recent(text string) bool {
	at, err := time.Parse(time.RFC3339Nano, text)
	return err == nil && time.Since(at) >= 0 && time.Since(at) < time.Minute
}

// TestCatRefuses checks that values are refused in one form, and before anything is read.
func TestCatRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"-since yesterday /nothing", `-since "yesterday": want a time like`},
		{"-severity bad /nothing", `-severity "bad": want one of emerg`},
		{"-grep ( /nothing", `-grep "(": want a regular expression of RE2`},
		{"-escape some -json /nothing", `-escape "some": want auto, always or never`},
		{"-json -format x /nothing", `-format "x": want either it or -json`},
		{"-n x -host [ /nothing", `-n "x": want 0 or more`},
		{"-f " + file, "-f: want one directory"},
		{"-f . .", "-f: want one directory"},
	} {
		if _, complaint := output(t, 2, append([]string{"cat"}, strings.Fields(c.args)...)...); !strings.HasPrefix(complaint, "logserver: "+c.want) {
			t.Errorf("%s: %q, want %s", c.args, complaint, c.want)
		}
	}
}

// TestCatFollow follows a server from another reader's side: what is there and what comes,
// by a filter, until the output is closed.
func TestCatFollow(t *testing.T) {
	for _, flags := range []string{"", "-json", "-n 1"} {
		s, c := catServer(t, "<11>1 - a - - - - first", "<14>1 - b - - - - none", "<11>1 - c - - - - second")
		r, w := io.Pipe()
		ended := make(chan error, 1)
		var errs bytes.Buffer
		go func() {
			ended <- runCat(append(append([]string{"-f", "-severity", "err"}, strings.Fields(flags)...), c.dir), w, &errs)
			w.Close()
		}()
		lines := bufio.NewScanner(r)
		next := func(want string) {
			t.Helper()
			if !lines.Scan() || !strings.Contains(lines.Text(), want) {
				t.Fatalf("%q, %v; want %q", lines.Text(), lines.Err(), want)
			}
		}
		if flags != "-n 1" {
			next("first")
		}
		next("second")
		conn := dial(t, s, "tcp")
		for i := range 3 {
			write(t, conn, fmt.Sprintf("<14>1 - - - - - - none\n<11>1 - - - - - - more %d\n", i))
			next(fmt.Sprintf("more %d", i))
		}
		r.Close()
		write(t, conn, "<11>1 - - - - - - the last\n")
		select {
		case err := <-ended:
			if !errors.Is(err, io.ErrClosedPipe) || errs.Len() > 0 {
				t.Errorf("it ended by %v; %s", err, &errs)
			}
		case <-time.After(patience):
			t.Fatal("it goes on")
		}
		stopServer(t, s)
	}
}
