package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A child is a logserver in a process of its own.
type child struct {
	cmd   *exec.Cmd
	addrs map[string]string // by kind of listener
	ended chan struct{}     // closed when it prints no more

	mu  sync.Mutex
	out string // what it printed after the addresses
}

// printed returns what it has printed so far.
func (c *child) printed() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out
}

// startChild starts one and waits until it listens.
func startChild(t *testing.T, args ...string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	return startCommand(t, cmd)
}

// startCommand is startChild with any command that becomes a server.
func startCommand(t *testing.T, cmd *exec.Cmd) *child {
	t.Helper()
	c := &child{cmd: cmd, addrs: map[string]string{}, ended: make(chan struct{})}
	if c.cmd.Stderr == nil {
		c.cmd.Stderr = testLog{t}
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.watch()()
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && lines.Text() != "ready" {
		if kind, addr, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "listening "), " "); ok {
			c.addrs[kind] = addr
		}
		if url, ok := strings.CutPrefix(lines.Text(), "live page "); ok {
			c.addrs["page"] = url
		}
	}
	if lines.Text() != "ready" {
		_ = c.cmd.Process.Kill()
		t.Fatalf("the server does not start: %v", c.cmd.Wait())
	}
	go func() {
		defer close(c.ended)
		for lines.Scan() {
			c.mu.Lock()
			c.out += lines.Text() + "\n"
			c.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			c.kill(t)
		}
	})
	return c
}

// watch has a child that takes too long say where it is and die; done ends
// that.
func (c *child) watch() (done func() bool) {
	return time.AfterFunc(patience, func() { _ = c.cmd.Process.Signal(syscall.SIGQUIT) }).Stop
}

// kill ends it the hard way.
func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	<-c.ended // or Wait may close the pipe before all is read
	_ = c.cmd.Wait()
}

// stop ends it with SIGTERM and returns what it printed.
func (c *child) stop(t *testing.T) string {
	t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	defer c.watch()()
	<-c.ended
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
	return c.printed()
}

func skipWindows(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGTERM on Windows")
	}
}

// TestProcess runs the program as a person would, with a configuration file,
// and ends it with SIGTERM.
func TestProcess(t *testing.T) {
	skipWindows(t)
	forWays(t, func(t *testing.T, w way) {
		dir := filepath.Join(t.TempDir(), "segments")
		path := configFile(t, "tcp = 127.0.0.1:0", "relp = 127.0.0.1:0", "http = 127.0.0.1:0", "dir = "+dir, "mode = "+w.mode, "stats = 1ms")
		server := startChild(t, "-config", path)
		for _, kind := range []string{"tcp", "relp", "http"} {
			if _, port, err := net.SplitHostPort(server.addrs[kind]); err != nil || port == "0" {
				t.Errorf("%s listens on %q", kind, server.addrs[kind])
			}
		}
		conn, err := net.Dial("tcp", server.addrs["tcp"])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		want := messages("process", 1000)
		write(t, conn, asLines(want)) // and stay connected
		waitFor(t, "the first log", func() bool { return len(storedIn(t, dir)) > 0 })
		waitFor(t, "a line of statistics", func() bool { return strings.Contains(server.printed(), "logs/s") })
		if out := server.stop(t); !strings.Contains(out, "received 1000 logs, stored 1000\n") {
			t.Errorf("printed:\n%s", out)
		}
		sameMessages(t, storedIn(t, dir), want)
	})
}

// TestSecondSignal checks that a second SIGTERM ends a server whose grace is
// long at once.
func TestSecondSignal(t *testing.T) {
	skipWindows(t)
	dir := t.TempDir()
	server := startChild(t, "-tcp", "127.0.0.1:0", "-http", "", "-dir", dir, "-grace", "1h", "-stats", "0")
	conn, err := net.Dial("tcp", server.addrs["tcp"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stop := make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() { // never silent, or it would not need the grace
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := io.WriteString(conn, "again\n"); err != nil {
				return
			}
		}
	})
	waitFor(t, "the connection to be served", func() bool { return len(storedIn(t, dir)) > 0 })
	began := time.Now()
	for ended := false; !ended; { // whatever is the second
		if err := server.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			break
		}
		select {
		case <-server.ended:
			ended = true
		case <-time.After(50 * time.Millisecond):
		}
	}
	err = server.cmd.Wait()
	close(stop)
	conn.Close()
	sender.Wait()
	if code := server.cmd.ProcessState.ExitCode(); code != 1 || time.Since(began) > patience {
		t.Errorf("exit code %d (%v) after %v", code, err, time.Since(began))
	}
}

// TestKill kills the server under RELP load, several times over the same
// directory: whatever was acknowledged is there, whole, and every block is
// sound.
func TestKill(t *testing.T) {
	skipWindows(t)
	forWays(t, func(t *testing.T, w way) {
		dir := filepath.Join(t.TempDir(), "segments")
		acked := map[string]bool{}
		for round := range 3 {
			server := startChild(t, "-relp", "127.0.0.1:0", "-http", "", "-dir", dir, "-mode", w.mode, "-stats", "0", "-segment-size", "1MiB",
				"-durability", []string{"group", "none", "interval"}[round], fmt.Sprintf("-compress=%v", round == 1))
			var mu sync.Mutex
			var total atomic.Int64
			var clients sync.WaitGroup
			for i := range 4 {
				conn, err := net.Dial("tcp", server.addrs["relp"])
				if err != nil {
					t.Fatal(err)
				}
				r := openRELP(t, conn)
				name := fmt.Sprintf("client %d of round %d", i, round)
				clients.Go(func() {
					defer conn.Close()
					got := loadRELP(r, name, &total)
					mu.Lock()
					defer mu.Unlock()
					for n := range got {
						acked[fmt.Sprintf("%s: %d", name, n)] = true
					}
				})
			}
			waitFor(t, "acknowledgements", func() bool { return total.Load() > 5000 })
			server.kill(t)
			clients.Wait()
			checkAcked(t, dir, acked)
		}
		// It also goes on from there.
		server := startChild(t, "-relp", "127.0.0.1:0", "-http", "", "-dir", dir, "-mode", w.mode, "-stats", "0")
		server.stop(t)
		checkAcked(t, dir, acked)
		if out, _ := output(t, 0, "check", dir); !strings.Contains(out, "\ntorn 0\n") {
			t.Errorf("after a restart:\n%s", out)
		}
	})
}

// loadRELP sends numbered logs, with many on the way, until the connection
// breaks; it returns how many were acknowledged, which are the first.
func loadRELP(r *relpClient, name string, total *atomic.Int64) (acked int) {
	window, broken := make(chan struct{}, 500), make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() {
		for n := 0; ; n++ {
			select {
			case window <- struct{}{}:
			case <-broken:
				return
			}
			if _, err := io.WriteString(r.c, r.frame("syslog", fmt.Sprintf("%s: %d", name, n))); err != nil {
				return
			}
		}
	})
	for {
		txnr, data, err := r.response()
		if err != nil || txnr != acked+2 || data != "200 OK" {
			break
		}
		acked++
		total.Add(1)
		<-window
	}
	close(broken)
	r.c.Close()
	sender.Wait()
	return acked
}

// checkAcked looks for everything acknowledged, with the program's own check.
func checkAcked(t *testing.T, dir string, acked map[string]bool) {
	t.Helper()
	stored := map[string]bool{}
	for _, m := range storedIn(t, dir) {
		stored[m] = true
	}
	lost := 0
	for m := range acked {
		if !stored[m] {
			if lost++; lost <= 5 {
				t.Errorf("%q was acknowledged and is not there", m)
			}
		}
	}
	t.Logf("%d acknowledged, %d stored, %d lost", len(acked), len(stored), lost)
	out, _ := output(t, 0, "check", dir)
	var segments, records int
	if _, err := fmt.Sscanf(out, "segments %d\nrecords %d\n", &segments, &records); err != nil || records < len(acked) {
		t.Errorf("check: %v\n%s", err, out)
	}
}
