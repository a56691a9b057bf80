//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A manager is the socket that systemd would read.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
	path string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &manager{t, c, path}
}

// next returns what is sent next.
func (m *manager) next() string {
	m.t.Helper()
	var buf [200]byte
	n, err := m.conn.Read(buf[:])
	if err != nil {
		m.t.Fatal(err)
	}
	return string(buf[:n])
}

// want waits for a state; only others of the list may come before.
func (m *manager) want(state string, others ...string) {
	m.t.Helper()
	for {
		got := m.next()
		if got == state {
			return
		}
		if !strings.Contains(strings.Join(others, ","), got) {
			m.t.Fatalf("%q; want %q", got, state)
		}
	}
}

// TestNotify follows a server from its start over a reload to its end.
func TestNotify(t *testing.T) {
	m := newManager(t)
	t.Setenv("NOTIFY_SOCKET", m.path)
	t.Setenv("WATCHDOG_USEC", "100000")
	server := startChild(t, "-tcp", "127.0.0.1:0", "-http", "", "-dir", t.TempDir(), "-stats", "0")
	m.want("READY=1", "WATCHDOG=1")
	for range 5 {
		m.want("WATCHDOG=1")
	}
	if err := server.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	m.want("RELOADING=1", "WATCHDOG=1")
	m.want("READY=1", "WATCHDOG=1")
	server.stop(t)
	m.want("STOPPING=1", "WATCHDOG=1")
}

// TestActivation has the sockets opened before the server, as systemd does: for lines,
// for datagrams and for the page. They stay when it has ended.
func TestActivation(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "s")
		unix, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		gram, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path + "gram"})
		if err != nil {
			t.Fatal(err)
		}
		web, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var files []*os.File
		for _, s := range []interface{ File() (*os.File, error) }{tcp.(*net.TCPListener), udp.(*net.UDPConn), unix.(*net.UnixListener), gram, web.(*net.TCPListener)} {
			f, err := s.File()
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			files = append(files, f)
		}
		for _, c := range []interface{ Close() error }{tcp, udp, gram, web} {
			defer c.Close()
		}
		defer unix.Close()
		dir := t.TempDir()
		// What -udp says would fail: the address is that of the socket.
		args := []string{"-dir", dir, "-stats", "0", "-mode", w.mode, "-udp", udp.LocalAddr().String()}
		server := startActivated(t, files, "tcp:udp:unix:unixgram:http", args...)
		if server.addrs["tcp"] != tcp.Addr().String() || server.addrs["udp"] != udp.LocalAddr().String() || server.addrs["http"] != web.Addr().String() {
			t.Errorf("addresses %v", server.addrs)
		}
		var want []string
		for kind, addr := range map[string]net.Addr{"tcp": tcp.Addr(), "udp": udp.LocalAddr(), "unix": unix.Addr(), "unixgram": gram.LocalAddr()} {
			c, err := net.Dial(addr.Network(), addr.String())
			if err != nil {
				t.Fatal(err)
			}
			write(t, c, "by "+kind+"\n")
			want = append(want, "by "+kind)
			c.Close()
		}
		waitFor(t, "all logs", func() bool { return len(storedIn(t, dir)) == 4 })
		server.stop(t)
		sameMessages(t, storedIn(t, dir), want)
		for _, name := range []string{path, path + "gram"} {
			if _, err := os.Stat(name); err != nil {
				t.Errorf("a socket of systemd was removed: %v", err)
			}
		}
	})
}

// TestActivationAlone: with a socket of systemd nothing is listened on by default.
func TestActivationAlone(t *testing.T) {
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	f, err := udp.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	server := startActivated(t, []*os.File{f}, "udp", "-dir", t.TempDir(), "-http", "", "-stats", "0")
	if len(server.addrs["udp"]) == 0 || server.addrs["tcp"] != "" {
		t.Errorf("listening: %v; want UDP alone", server.addrs)
	}
	server.stop(t)
}

// startActivated is startChild with files from descriptor 3 on.
func startActivated(t *testing.T, files []*os.File, names string, args ...string) *child {
	t.Helper()
	c := activated(files, names, args...)
	return startCommand(t, c)
}

// activated is a command whose LISTEN_PID is its own.
func activated(files []*os.File, names string, args ...string) *exec.Cmd {
	c := exec.Command("/bin/sh", append([]string{"-c", `export LISTEN_PID=$$; exec "$0" "$@"`, os.Args[0]}, args...)...)
	c.ExtraFiles = files
	c.Env = append(os.Environ(), fmt.Sprintf("LISTEN_FDS=%d", len(files)), "LISTEN_FDNAMES="+names, childEnv+"=1")
	return c
}

// TestActivationRefused: a socket of no known name, or of the wrong kind, is said.
func TestActivationRefused(t *testing.T) {
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	f, err := udp.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range map[string]string{"web": "want FileDescriptorName to be tcp, ", "tcp": `socket "tcp" of systemd`} {
		c := activated([]*os.File{f}, name, "-dir", t.TempDir(), "-http", "")
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, %s; want %q", name, err, out, want)
		}
	}
}

// TestUnits has systemd look at the units, if it is there.
func TestUnits(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	dir := t.TempDir()
	units, err := filepath.Glob("../../systemd/logserver*.s*")
	if err != nil || len(units) != 3 {
		t.Fatalf("%v, %v", units, err)
	}
	args := []string{"verify", "--man=no", "--recursive-errors=no"}
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.Base(unit))
		// The program is not installed where the unit has it.
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "/usr/bin/logserver", os.Args[0])), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := exec.Command(analyze, args...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}
