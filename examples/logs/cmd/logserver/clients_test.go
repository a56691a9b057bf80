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

// tool returns the path of a program, or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && name == "rsyslogd" {
		path, err = exec.LookPath("/usr/sbin/rsyslogd") // not in everybody's PATH
	}
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// texts makes n texts that are unlike and hard to take for something else.
func texts(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("text %d of a client: 12 34 <56> %s end", i, strings.Repeat("é\"\\", i%50)))
	}
	return list
}

// TestLogger sends with util-linux's logger in every way it has.
func TestLogger(t *testing.T) {
	logger := tool(t, "logger")
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		s := startServer(t, c)
		host, port, err := net.SplitHostPort(s.addr("tcp").String())
		if err != nil {
			t.Fatal(err)
		}
		over := []string{"-T", "-n", host, "-P", port}
		want := texts(60)
		// Without -T a line over a unix socket ends with the connection only.
		alone := "a line alone"
		for i, args := range [][]string{
			append(over, "--rfc5424"),
			append(over, "--rfc3164"),
			append(over, "--rfc5424", "--octet-count"),
			append(over, "--rfc3164", "--octet-count"),
			{"-T", "-u", s.addr("unix").String(), "--rfc5424"},
			{"-u", s.addr("unix").String(), alone},
		} {
			cmd := exec.Command(logger, append([]string{"-p", "local3.err", "-t", "testtag"}, args...)...)
			if i < 5 {
				cmd.Stdin = strings.NewReader(strings.Join(want[i*10:(i+1)*10], "\n"))
			}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("logger %q: %v, %s", args, err, out)
			}
		}
		want = append(want[:50], alone)
		waitStored(t, s, len(want))
		stopServer(t, s)
		var got []string
		for _, r := range recordsIn(t, c.dir) {
			header, text, ok := strings.Cut(string(r.Msg), "] ") // structured data
			if !ok {
				header, text, ok = strings.Cut(string(r.Msg), "testtag: ")
			}
			if !ok || !strings.HasPrefix(header, "<155>") || r.Malformed || r.Severity != 3 {
				t.Errorf("record %q, severity %d, malformed: %v", r.Msg, r.Severity, r.Malformed)
			}
			got = append(got, text)
		}
		sameMessages(t, got, want)
	})
}

// An rsyslog is an rsyslogd that forwards what is written to a file.
type rsyslog struct {
	input *os.File
	cmd   *exec.Cmd
}

// startRsyslog starts an rsyslogd with an action that forwards.
func startRsyslog(t *testing.T, action string) *rsyslog {
	t.Helper()
	path := tool(t, "rsyslogd")
	if module := strings.SplitN(action, `"`, 3)[1]; module != "omfwd" { // built in
		if found, _ := filepath.Glob("/usr/lib*/*/rsyslog/" + module + ".so"); found == nil {
			if found, _ = filepath.Glob("/usr/lib*/rsyslog/" + module + ".so"); found == nil {
				t.Skipf("rsyslog's module %s is not installed", module)
			}
		}
		action = fmt.Sprintf("module(load=%q)\n", module) + action
	}
	dir, err := os.MkdirTemp("", "rsyslog") // short: rsyslog makes names of it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &rsyslog{}
	if r.input, err = os.Create(filepath.Join(dir, "input")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.input.Close() })
	conf := filepath.Join(dir, "conf")
	text := fmt.Sprintf("global(workDirectory=%q)\nmodule(load=\"imfile\" mode=\"inotify\")\n"+
		"input(type=\"imfile\" file=%q tag=\"fromfile:\" severity=\"warning\" facility=\"local2\")\n%s\n", dir, r.input.Name(), action)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.cmd = exec.Command(path, "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	r.cmd.Stdout, r.cmd.Stderr = testLog{t}, testLog{t}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	return r
}

// stop ends it, once.
func (r *rsyslog) stop() {
	if r.cmd.ProcessState == nil {
		_ = r.cmd.Process.Signal(syscall.SIGTERM)
		force := time.AfterFunc(patience, func() { _ = r.cmd.Process.Kill() })
		_ = r.cmd.Wait()
		force.Stop()
	}
}

// log has texts forwarded.
func (r *rsyslog) log(t *testing.T, texts []string) {
	t.Helper()
	if _, err := r.input.WriteString(asLines(texts)); err != nil {
		t.Fatal(err)
	}
}

// forwarded checks the records of an rsyslog and returns their texts, without
// the newline that the template ends in.
func forwarded(t *testing.T, dir string) (got []string) {
	t.Helper()
	for _, r := range recordsIn(t, dir) {
		header, text, ok := strings.Cut(string(r.Msg), " fromfile - - - ")
		if !ok || !strings.HasPrefix(header, "<148>1 ") || r.Malformed || r.Severity != 4 {
			t.Fatalf("record %q, severity %d, malformed: %v", r.Msg, r.Severity, r.Malformed)
		}
		got = append(got, strings.TrimSuffix(text, "\n"))
	}
	return got
}

// TestRsyslog has rsyslogd forward over TCP with both framings, and by RELP.
func TestRsyslog(t *testing.T) {
	for name, c := range map[string]struct{ kind, action string }{
		"lines":   {"tcp", `action(type="omfwd" protocol="tcp" TCP_Framing="traditional" target=%q port=%q template="RSYSLOG_SyslogProtocol23Format")`},
		"counted": {"tcp", `action(type="omfwd" protocol="tcp" TCP_Framing="octet-counted" target=%q port=%q template="RSYSLOG_SyslogProtocol23Format")`},
		"relp":    {"relp", `action(type="omrelp" target=%q port=%q template="RSYSLOG_SyslogProtocol23Format")`},
	} {
		t.Run(name, func(t *testing.T) {
			forWays(t, func(t *testing.T, w way) {
				cfg := testConfig(t, w.mode)
				everywhere(t, &cfg)
				s := startServer(t, cfg)
				host, port, err := net.SplitHostPort(s.addr(c.kind).String())
				if err != nil {
					t.Fatal(err)
				}
				r := startRsyslog(t, fmt.Sprintf(c.action, host, port))
				want := texts(2000)
				r.log(t, want)
				waitStored(t, s, len(want))
				r.stop()
				stopServer(t, s)
				sameMessages(t, forwarded(t, cfg.dir), want)
				if n := s.stats.Snapshot(); n.ConnErrors != 0 || n.Malformed != 0 {
					t.Errorf("%d connections failed, %d logs malformed", n.ConnErrors, n.Malformed)
				}
			})
		})
	}
}

// TestRsyslogThroughKill kills the server while rsyslog's omrelp forwards, and
// starts it again: all messages arrive, if some twice.
func TestRsyslogThroughKill(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		dir := filepath.Join(t.TempDir(), "segments")
		args := []string{"-http", "", "-dir", dir, "-mode", w.mode, "-stats", "0"}
		server := startChild(t, append(args, "-relp", "127.0.0.1:0")...)
		addr := server.addrs["relp"]
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		r := startRsyslog(t, fmt.Sprintf(`action(type="omrelp" target=%q port=%q template="RSYSLOG_SyslogProtocol23Format" timeout="5"
			action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList" queue.size="100000")`, host, port))
		want := texts(20000)
		r.log(t, want[:10000])
		distinct := func() int {
			seen := map[string]bool{}
			for _, m := range forwarded(t, dir) {
				seen[m] = true
			}
			return len(seen)
		}
		waitFor(t, "the first to be stored", func() bool { return distinct() > 100 })
		server.kill(t)
		before := distinct()
		t.Logf("killed with %d stored", before)
		r.log(t, want[10000:])
		server = startChild(t, append(args, "-relp", addr)...)
		waitFor(t, "all to be stored", func() bool { return distinct() >= len(want) })
		r.stop()
		server.stop(t)
		seen := map[string]bool{}
		for _, m := range forwarded(t, dir) {
			seen[m] = true
		}
		for _, m := range want {
			if !seen[m] {
				t.Fatalf("%q is not there", m)
			}
		}
		if len(seen) != len(want) {
			t.Errorf("%d different messages; want %d", len(seen), len(want))
		}
	})
}
