package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/uringnet/go-uringnet/examples/logs/internal/logtest"
)

// doorkeeper listens as a NATS server that lets nobody in, and calls heard with what the
// clients say of themselves.
func doorkeeper(t *testing.T, heard func(line string)) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	t.Cleanup(func() {
		ln.Close()
		work.Wait()
	})
	work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer c.Close()
				fmt.Fprintf(c, "INFO {\"server_id\":\"test\",\"version\":\"2.10.0\",\"max_payload\":1048576,\"auth_required\":true}\r\n")
				line, _ := bufio.NewReader(c).ReadString('\n')
				heard(line)
				_, _ = io.WriteString(c, "-ERR 'Authorization Violation'\r\n")
			})
		}
	})
	return ln.Addr().String()
}

// TestSinkSecrets checks that the secrets of sinks are used, and are not in the list of
// processes, their environment, the log, the metrics, the page's numbers and the files of
// a server that is refused because of them.
func TestSinkSecrets(t *testing.T) {
	var heard logtest.Buffer
	addr := doorkeeper(t, func(line string) { _, _ = io.WriteString(&heard, line) })
	secrets, dir := t.TempDir(), t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(secrets, name)
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var said logtest.Buffer
	cmd := exec.Command(os.Args[0], "-tcp", "127.0.0.1:0", "-http", "127.0.0.1:0", "-dir", dir,
		"-sink", "nats://"+addr+"?stream=S&name=token&token-file="+file("token", "token-4711"),
		"-sink", "nats://"+addr+"?stream=S&name=user&user=logs&password-file="+file("password", "password-4711"),
		"-sink", "kafka://"+addr+"/topic?name=kafka&user=logs&password-file="+file("kafka", "kafka-4711"))
	cmd.Stderr = &said
	cmd.Env = append(os.Environ(), childEnv+"=1")
	c := startCommand(t, cmd)
	waitFor(t, "the secrets", func() bool {
		return strings.Contains(heard.String(), "token-4711") && strings.Contains(heard.String(), "password-4711")
	})
	waitFor(t, "word of it", func() bool {
		return strings.Count(said.String(), "Authorization Violation") > 2 && strings.Contains(said.String(), "sink=kafka")
	})
	get := func(path string) string {
		resp, err := http.Get(c.addrs["page"] + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	proc := fmt.Sprintf("/proc/%d/", cmd.Process.Pid)
	places := map[string]string{"cmdline": read(proc + "cmdline"), "environ": read(proc + "environ")}
	for _, path := range []string{"metrics", "stats.json", "history.json", "sources.json", "healthz", "readyz", ""} {
		places[path] = get(path)
	}
	http.DefaultClient.CloseIdleConnections()
	if !strings.Contains(places["cmdline"], "password-file=") || !strings.Contains(places["stats.json"], `"name":"kafka"`) || !strings.Contains(places["metrics"], `sink="token"`) {
		t.Error("what is looked at is not what it should be")
	}
	places["output"] = c.stop(t)
	places["log"] = said.String()
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) < 3 {
		t.Errorf("files %q", files)
	}
	for _, path := range files {
		places[path] = read(path)
	}
	for place, text := range places {
		if strings.Contains(text, "4711") {
			t.Errorf("%s has a secret: %.2000s", place, text)
		}
	}
}
