//go:build unix

package main

import (
	"bufio"
	"crypto/x509/pkix"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHangup checks that SIGHUP loads certificates again, and ends nothing.
func TestHangup(t *testing.T) {
	a, dir := newAuthority(t, "ours"), t.TempDir()
	cert2, key2 := a.issue(t, pkix.Name{CommonName: "old"})
	cert3, key3 := a.issue(t, pkix.Name{CommonName: "new"})
	cert, key := file(t, dir, "cert.pem", cert2), file(t, dir, "key.pem", key2)
	server := startChild(t, "-tcp", "127.0.0.1:0", "-tls", "127.0.0.1:0", "-cert", cert, "-key", key, "-http", "", "-dir", filepath.Join(dir, "segments"))
	addr, err := net.ResolveTCPAddr("tcp", server.addrs["tls"])
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", server.addrs["tcp"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	write(t, conn, "before\n")
	if got := serial(t, addr, a); got != 2 {
		t.Fatalf("the server has certificate %d; want 2", got)
	}
	file(t, dir, "cert.pem", cert3)
	file(t, dir, "key.pem", key3)
	began := time.Now()
	if err := server.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the new certificate", func() bool { return serial(t, addr, a) == 3 })
	if d := time.Since(began); d > certPoll/2 {
		t.Errorf("the new certificate came after %v: not by the signal", d)
	}
	write(t, conn, "after\n")
	if out := server.stop(t); !strings.Contains(out, "stored 2\n") {
		t.Errorf("printed:\n%s", out)
	}
}

// TestClosedOutput checks that a server whose standard output is closed goes on,
// and ends as it should.
func TestClosedOutput(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-tcp", "127.0.0.1:0", "-http", "", "-dir", dir, "-stats", "1ms")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop()
	addr := ""
	for lines := bufio.NewScanner(stdout); lines.Scan() && lines.Text() != "ready"; {
		if a, ok := strings.CutPrefix(lines.Text(), "listening tcp "); ok {
			addr = a
		}
	}
	stdout.Close() // the next line of statistics comes within a millisecond
	for i := range 20 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		write(t, conn, fmt.Sprintf("log %d\n", i))
		conn.Close()
		waitFor(t, "the log", func() bool { return len(storedIn(t, dir)) > i })
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
}

// TestStatsFlag checks when a line of statistics is printed: by default on a
// terminal only.
func TestStatsFlag(t *testing.T) {
	for _, c := range []struct {
		args               []string
		terminal, anywhere time.Duration
		text               string
	}{
		{nil, time.Second, 0, "auto"},
		{[]string{"-stats", "auto"}, time.Second, 0, "auto"},
		{[]string{"-stats", "always"}, time.Second, time.Second, "always"},
		{[]string{"-stats", "never"}, 0, 0, "never"},
		{[]string{"-stats", "0"}, 0, 0, "never"},
		{[]string{"-stats", "5s"}, 5 * time.Second, 5 * time.Second, "5s"},
	} {
		got, err := parseConfig(c.args)
		if err != nil {
			t.Errorf("%q: %v", c.args, err)
			continue
		}
		if a, b := got.stats.period(true), got.stats.period(false); a != c.terminal || b != c.anywhere || got.stats.String() != c.text {
			t.Errorf("%q, %s: every %v on a terminal, %v elsewhere; want %v, %v", c.args, &got.stats, a, b, c.terminal, c.anywhere)
		}
	}
	if _, err := parseConfig([]string{"-stats", "-1s"}); err == nil || !strings.Contains(err.Error(), `-stats "-1s": want auto`) {
		t.Errorf("error %v", err)
	}
}

// TestUnixMode checks the permissions and the group of a unix socket: those asked
// for, or the umask's.
func TestUnixMode(t *testing.T) {
	gid := uint32(os.Getgid())
	if os.Getuid() == 0 {
		gid = 12345 // root may give files to anybody
	}
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	for text, want := range map[string]fs.FileMode{"": 0o750, "0600": 0o600, "0666": 0o666} {
		path := filepath.Join(t.TempDir(), "s")
		c, err := parseConfig([]string{"-unix", path, "-unix-mode", text, "-http", "", "-dir", t.TempDir(), "-group", fmt.Sprint(gid)})
		if err != nil {
			t.Fatal(err)
		}
		s := startServer(t, c)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("-unix-mode %q: %04o; want %04o", text, got, want)
		}
		if got := info.Sys().(*syscall.Stat_t).Gid; got != gid {
			t.Errorf("-unix-mode %q: group %d; want %d", text, got, gid)
		}
		write(t, dial(t, s, "unix"), "hello\n")
		waitStored(t, s, 1)
	}
	if got := syscall.Umask(0o027); got != 0o027 {
		t.Errorf("the umask is %04o now; want 0027", got)
	}
}

// TestSinkGroup checks that the files of sinks have the group and the permissions of
// segments.
func TestSinkGroup(t *testing.T) {
	gid := os.Getgid()
	if os.Getuid() == 0 {
		gid = 12345
	}
	dir := t.TempDir()
	c, err := parseConfig([]string{"-tcp", "127.0.0.1:0", "-http", "", "-dir", t.TempDir(), "-group", fmt.Sprint(gid), "-file-mode", "0660",
		"-sink", "relp://127.0.0.1:1?name=nobody", "-sink-dir", dir})
	if err != nil {
		t.Fatal(err)
	}
	stopServer(t, startServer(t, c))
	info, err := os.Stat(filepath.Join(dir, "sink-nobody.cursor"))
	if err != nil {
		t.Fatal(err)
	}
	if got := int(info.Sys().(*syscall.Stat_t).Gid); got != gid || info.Mode().Perm() != 0o660 {
		t.Errorf("group %d, mode %v; want %d, 0660", got, info.Mode(), gid)
	}
}

// TestPermissionFlags checks what the store is told about files and directories.
func TestPermissionFlags(t *testing.T) {
	for _, c := range []struct {
		args      []string
		file, dir fs.FileMode
		gid       int
		wrong     string
	}{
		{nil, 0o640, 0o750, 0, ""},
		{[]string{"-file-mode", "0600"}, 0o600, 0o700, 0, ""},
		{[]string{"-file-mode", "644", "-group", "root"}, 0o644, 0o755, 0, ""},
		{[]string{"-group", "4242"}, 0o640, 0o750, 4242, ""},
		{[]string{"-file-mode", "0440"}, 0, 0, 0, `-file-mode "0440": want permissions in octal, 0600 to 0777`},
		{[]string{"-file-mode", "rw"}, 0, 0, 0, `-file-mode "rw": want permissions`},
		{[]string{"-file-mode", "01777"}, 0, 0, 0, `-file-mode "01777": want permissions`},
		{[]string{"-group", "no-such-group"}, 0, 0, 0, `-group "no-such-group": want the name of a group, or its number`},
		{[]string{"-unix-mode", "0888"}, 0, 0, 0, `-unix-mode "0888": want permissions`},
	} {
		got, err := parseConfig(c.args)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%q: %v; want %s", c.args, err, c.wrong)
			}
			continue
		}
		if err != nil || got.fileMode != c.file || got.dirMode() != c.dir || got.group.gid != c.gid {
			t.Errorf("%q: %04o, %04o, %d, %v; want %04o, %04o, %d", c.args, got.fileMode, got.dirMode(), got.group.gid, err, c.file, c.dir, c.gid)
		}
	}
}
