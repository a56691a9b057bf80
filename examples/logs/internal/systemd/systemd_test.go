package systemd

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestNotify reads what is sent, on sockets of both kinds of names.
func TestNotify(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := Notify(Ready); err != nil {
		t.Errorf("without systemd: %v", err)
	}
	paths := []string{filepath.Join(t.TempDir(), "notify")}
	if runtime.GOOS == "linux" {
		paths = append(paths, "@logserver-test-"+strconv.Itoa(os.Getpid()))
	}
	if runtime.GOOS == "windows" {
		t.Skip("there are no unix datagram sockets on Windows")
	}
	for _, path := range paths {
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		t.Setenv("NOTIFY_SOCKET", path)
		if err := Notify(Ready, Status("two\nlines")); err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		var buf [100]byte
		n, err := c.Read(buf[:])
		if got := string(buf[:n]); got != "READY=1\nSTATUS=two lines" {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "none"))
	if err := Notify(Ready); err == nil {
		t.Error("no error though nobody listens")
	}
}

// TestWatchdogPeriod reads the variables.
func TestWatchdogPeriod(t *testing.T) {
	me := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0}, {"2000000", "", 2 * time.Second}, {"2000000", me, 2 * time.Second}, {"2000000", "1", 0},
		{"0", me, 0}, {"-5", me, 0}, {"x", me, 0}, {"9223372036854775807", me, 0},
	} {
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		if got := WatchdogPeriod(); got != c.want {
			t.Errorf("%q, %q: %v; want %v", c.usec, c.pid, got, c.want)
		}
	}
}

// TestSocketErrors: what is not for this process is nothing, what makes no sense an
// error. (Real ones are in logserver's tests.)
func TestSocketErrors(t *testing.T) {
	me := strconv.Itoa(os.Getpid())
	for _, c := range []struct{ pid, fds, names, want string }{
		{"", "", "", ""}, {"1", "5", "a", ""}, {me, "0", "", ""},
		{me, "", "", `LISTEN_FDS ""`}, {me, "-1", "", `LISTEN_FDS "-1"`}, {me, "x", "", `LISTEN_FDS "x"`}, {me, "99999", "", `LISTEN_FDS "99999"`},
		{me, "2", "a", `LISTEN_FDNAMES "a": want 2`}, {me, "1", "a:b", `LISTEN_FDNAMES "a:b": want 1`},
	} {
		t.Setenv("LISTEN_PID", c.pid)
		t.Setenv("LISTEN_FDS", c.fds)
		t.Setenv("LISTEN_FDNAMES", c.names)
		got, err := Sockets()
		if len(got) != 0 || c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
		if _, there := os.LookupEnv("LISTEN_PID"); there {
			t.Error("the variables are still there")
		}
	}
}
