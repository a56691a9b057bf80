package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// output runs a command in this process and returns what it prints.
func output(t *testing.T, wantCode int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, &out, &errs); code != wantCode {
		t.Fatalf("logserver %q: exit code %d, want %d; %s", args, code, wantCode, &errs)
	}
	return out.String(), errs.String()
}

// TestCat stores some logs and asks for them in various ways.
func TestCat(t *testing.T) {
	c := testConfig(t, modeConns)
	c.tcp = []string{"127.0.0.1:0"}
	s := startServer(t, c)
	day := func(d int, severity, host, text string) string {
		return fmt.Sprintf("<%s>1 2026-03-%02dT12:00:00Z %s app - - - %s", severity, d, host, text)
	}
	logs := []string{
		day(1, "0", "alpha", "emergency"), day(2, "3", "beta", "error"), day(3, "6", "alpha", "info"), day(4, "7", "beta", "two\nlines\x1b[2J") + "\n",
		"<13>malformed",
	}
	conn := dial(t, s, "tcp")
	write(t, conn, asCounted(logs[:2])) // a block of their own
	waitStored(t, s, 2)
	write(t, conn, asCounted(logs[2:]))
	waitStored(t, s, len(logs))
	stopServer(t, s)
	shown := append([]string{}, logs...)
	logs[3] = strings.TrimSuffix(logs[3], "\n") // it ends the line
	shown[3] = strings.NewReplacer("\n", `\n`, "\x1b", `\x1b`).Replace(logs[3])
	pick := func(of []string, is ...int) (out string) {
		for _, i := range is {
			out += of[i] + "\n"
		}
		return out
	}
	for _, q := range []struct{ args, want string }{
		{"", pick(shown, 0, 1, 2, 3, 4)},
		{"-severity err", pick(shown, 0, 1)},
		{"-severity 0", pick(shown, 0)},
		{"-host beta", pick(shown, 1, 3)},
		{"-host alph", ""},
		{"-time message -since 2026-03-02T12:00:00Z -until 2026-03-03T12:00:00Z", pick(shown, 1, 2)},
		{"-since 2026-03-02T12:00:00Z -time message", pick(shown, 1, 2, 3, 4)}, // the last has no time but that of its receipt
		{"-until 2026-02-01", ""},
		{"-since 1h", pick(shown, 0, 1, 2, 3, 4)},
		{"-malformed", pick(shown, 4)},
		{"-n 2", pick(shown, 3, 4)},
		{"-n 99 -host alpha", pick(shown, 0, 2)},
		{"-raw -host beta", pick(logs, 1, 3)},
	} {
		args := append([]string{"cat"}, strings.Fields(q.args)...)
		if got, _ := output(t, 0, append(args, c.dir)...); got != q.want {
			t.Errorf("cat %s:\n%swant:\n%s", q.args, got, q.want)
		}
	}
	if got, _ := output(t, 0, "cat", "-files", c.dir); !strings.Contains(got, "5 records") || strings.Count(got, "\n") != 1 {
		t.Errorf("cat -files: %s", got)
	}
	if got, _ := output(t, 0, "check", c.dir); !strings.Contains(got, "segments 1\nrecords 5\nmalformed 1\n") {
		t.Errorf("check: %s", got)
	}
	damage(t, c.dir, logs[1])
	got, complaint := output(t, 1, "check", c.dir)
	if !strings.Contains(got, "records 3\n") || !strings.Contains(complaint, "damaged") {
		t.Errorf("check of a damaged segment: %s%s", got, complaint)
	}
}

// damage changes a byte of a message in the only segment. It must not be in the
// last block: that would look like the torn end of a crash.
func damage(t *testing.T, dir, msg string) {
	t.Helper()
	got, _ := output(t, 0, "cat", "-files", dir)
	path, _, _ := strings.Cut(got, "  ")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(b, []byte(msg))
	if i < 0 {
		t.Fatalf("%q is not in %s", msg, path)
	}
	b[i]++
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestCatMistakes checks that bad arguments are explained.
func TestCatMistakes(t *testing.T) {
	for _, args := range [][]string{
		{"cat"}, {"cat", "-severity", "bad", "."}, {"cat", "-since", "yesterday", "."}, {"cat", "-n", "-1", "."}, {"check"}, {"check", "-x"}, {"-nonsense"},
	} {
		if _, complaint := output(t, 2, args...); complaint == "" {
			t.Errorf("%q: no complaint", args)
		}
	}
	if _, complaint := output(t, 1, "cat", "/does/not/exist"); !strings.Contains(complaint, "/does/not/exist") {
		t.Errorf("cat of nothing: %q", complaint)
	}
	for _, args := range [][]string{{"-h"}, {"cat", "-h"}, {"check", "-h"}} {
		if out, _ := output(t, 0, args...); !strings.Contains(out, "usage: logserver") {
			t.Errorf("%q prints %q", args, out)
		}
	}
}
