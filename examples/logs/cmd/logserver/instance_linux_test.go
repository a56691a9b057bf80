package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ends waits for a process to end by itself and returns its exit code and how
// long it took.
func (c *child) ends(t *testing.T) (code int, took time.Duration) {
	t.Helper()
	began := time.Now()
	defer c.watch()()
	<-c.ended
	_ = c.cmd.Wait() // the code says it
	return c.cmd.ProcessState.ExitCode(), time.Since(began)
}

// second runs another server, which is to end by itself.
func second(t *testing.T, args ...string) (said string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	var out bytes.Buffer
	cmd.Stderr = &out
	began := time.Now()
	defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop()
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("%q: %v; want exit code 1; %s", args, err, &out)
	}
	// A second for the address, and the start of a process of the tests.
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("%q: told after %v", args, d)
	}
	return out.String()
}

// tree lists the files below a directory, with sizes.
func tree(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			path = fmt.Sprint(path, " ", info.Size())
		}
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestSecondInstance checks that a server whose directory or address another has
// says so, with the other's process, and that it leaves nothing behind.
func TestSecondInstance(t *testing.T) {
	top := t.TempDir()
	dir, path := filepath.Join(top, "a", "segments"), filepath.Join(top, "log.sock")
	first := startChild(t, "-tcp", "127.0.0.1:0", "-unix", path, "-http", "127.0.0.1:0", "-dir", dir)
	pid := fmt.Sprintf("process %d", first.cmd.Process.Pid)
	before := tree(t, top)
	other := filepath.Join(top, "b", "segments")
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"directory", []string{"-tcp", "127.0.0.1:0", "-http", "", "-dir", dir}, []string{"-dir", dir, "in use", pid}},
		{"TCP", []string{"-tcp", first.addrs["tcp"], "-http", "", "-dir", other}, []string{"-tcp", first.addrs["tcp"], "in use", pid}},
		{"unix", []string{"-unix", path, "-http", "", "-dir", other}, []string{"-unix", path, "in use", pid}},
		{"page", []string{"-tcp", "127.0.0.1:0", "-http", first.addrs["http"], "-dir", other}, []string{"-http", first.addrs["http"], "in use", pid}},
		{"all", []string{"-tcp", first.addrs["tcp"], "-unix", path, "-http", first.addrs["http"], "-dir", dir}, []string{"-dir", dir, "in use", pid}},
	} {
		said := second(t, c.args...)
		for _, want := range c.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q does not say %q", c.name, said, want)
			}
		}
		if after := tree(t, top); !slices.Equal(after, before) {
			t.Errorf("%s: left behind %q; before %q", c.name, after, before)
		}
	}
	for network, addr := range map[string]string{"unix": path, "tcp": first.addrs["tcp"]} {
		conn, err := net.Dial(network, addr)
		if err != nil {
			t.Fatalf("the first server lost its address: %v", err)
		}
		write(t, conn, "still there\n")
		conn.Close()
	}
	waitFor(t, "the first to go on", func() bool { return len(storedIn(t, dir)) == 2 })
	first.stop(t)
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the first server left its socket: %v", err)
	}
}

// mountTmpfs mounts a file system of a size for a test.
func mountTmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestStopOnFullDisk checks that a server which cannot store what it has received
// ends within its grace all the same.
func TestStopOnFullDisk(t *testing.T) {
	const grace = 3 * time.Second
	forWays(t, func(t *testing.T, w way) {
		dir := filepath.Join(mountTmpfs(t, "1m"), "segments")
		server := startChild(t, "-tcp", "127.0.0.1:0", "-relp", "127.0.0.1:0", "-http", "127.0.0.1:0", "-dir", dir, "-mode", w.mode,
			"-grace", grace.String(), "-batches", "4", "-batch-size", "128KiB", "-segment-size", "256KiB")
		for _, kind := range []string{"tcp", "relp"} {
			conn, err := net.Dial("tcp", server.addrs[kind])
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			next := func() string { return "log after log\n" }
			if kind == "relp" {
				r := openRELP(t, conn)
				next = func() string { return r.frame("syslog", strings.Repeat("x", 1000)) }
			}
			go func() {
				for {
					if _, err := io.WriteString(conn, next()); err != nil {
						return
					}
				}
			}()
		}
		waitFor(t, "connections to be held back", func() bool { return held(t, server.addrs["http"]) })
		if err := server.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		code, took := server.ends(t)
		if code != 1 {
			t.Errorf("exit code %d; want 1: not all was stored", code)
		}
		if took > grace+time.Second/2 {
			t.Errorf("the server ended after %v, with a grace of %v", took, grace)
		}
	})
}
