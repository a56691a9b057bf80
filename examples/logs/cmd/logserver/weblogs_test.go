package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// webServer starts a server with a page, and some logs if asked for.
func webServer(t *testing.T, c config, logs ...string) *server {
	t.Helper()
	c.tcp = []string{"127.0.0.1:0"}
	if c.http == "" {
		c.http = "127.0.0.1:0"
	}
	s := startServer(t, c)
	conn := dial(t, s, "tcp")
	for i, log := range logs {
		write(t, conn, framed(log))
		waitStored(t, s, i+1)
	}
	return s
}

// request asks the server for a path, with headers of name, value, name, value.
func request(t *testing.T, s *server, path string, headers ...string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest("GET", s.webScheme()+"://"+s.webAddr.String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: trusting}, Timeout: patience}
	reply, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	b, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(b)
}

// some are logs of several hosts, programs and severities.
func some(n int) (logs []string) {
	for i := range n {
		logs = append(logs, fmt.Sprintf("<%d>1 2026-03-%02dT12:00:00Z host%d app%d %d - - number %d\x1b\xff\u202e", 8*(i%3)+i%8, i%28+1, i%3, i%2, i, i))
	}
	return append(logs, "malformed")
}

// TestLogsAsCat checks that /logs answers what cat -json prints, and refuses what that
// refuses in the same words.
func TestLogsAsCat(t *testing.T) {
	c := testConfig(t, modeConns)
	s := webServer(t, c, some(40)...)
	for _, params := range []string{
		"", "n=3", "severity=err", "host=host1", "host=host[12]&n=4", "app=app1&app=nothing", "facility=user,mail", "grep=NUMBER+1&i=1", "grep=number&v=1",
		"time=message&since=2026-03-05&until=2026-03-09", "since=1h", "until=2026-01-01", "peer=127.0.0.1", "malformed=true", "grep=" + url.QueryEscape(`\x1b`),
		"since=yesterday", "severity=bad", "grep=(", "host=[", "n=-1", "n=x", "peer=x", "facility=x", "time=x", "v=x", "until=" + url.QueryEscape("\x1b"),
	} {
		args := []string{"cat", "-json"}
		values, err := url.ParseQuery(params)
		if err != nil {
			t.Fatal(err)
		}
		for name, list := range values {
			for _, v := range list {
				args = append(args, "-"+name+"="+v)
			}
		}
		status, body := request(t, s, "/logs?"+params)
		if status == http.StatusBadRequest {
			if _, complaint := output(t, 2, append(args, c.dir)...); complaint != "logserver: -"+body {
				t.Errorf("%s: cat says %q, the web %q", params, complaint, body)
			}
			continue
		}
		printed, _ := output(t, 0, append(args, c.dir)...)
		if status != http.StatusOK || body != printed || strings.ContainsAny(body, "\x1b\u202e") {
			t.Errorf("%s: %d\n%q, cat prints\n%q", params, status, body, printed)
		}
	}
	if _, body := request(t, s, "/logs"); strings.Count(body, "\n") != 41 {
		t.Errorf("all: %.300s", body)
	}
}

// TestLogsBounds checks what /logs alone refuses.
func TestLogsBounds(t *testing.T) {
	s := webServer(t, testConfig(t, modeConns), some(3)...)
	for params, want := range map[string]string{
		"n=0": `n "0": want 1 to 100000`, "n=100001": `n "100001": want 1 to 100000`, "follow=perhaps": `follow "perhaps": want true or false`,
		"follow=1&follow=1": "want true or false, once", "format=x": `parameter "format": want one of`, "n=1&n=1": "want it once",
	} {
		if status, body := request(t, s, "/logs?"+params); status != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s, want %s", params, status, body, want)
		}
	}
	q, _, err := parseLogs("", time.Now())
	if err != nil || q.Last != 1000 {
		t.Errorf("%+v, %v", q, err)
	}
	for range maxQueries {
		s.logs.slots <- struct{}{}
	}
	if status, body := request(t, s, "/logs"); status != http.StatusTooManyRequests || !strings.Contains(body, "at most 4") {
		t.Errorf("%d %s", status, body)
	}
	for range maxQueries {
		<-s.logs.slots
	}
	s.logs.queryTime = -1
	if status, body := request(t, s, "/logs"); status != http.StatusServiceUnavailable || !strings.HasPrefix(body, `{"error":"the query took longer`) {
		t.Errorf("%d %s", status, body)
	}
	s.logs.queryTime = queryTime
	s.logs.dir = filepath.Join(s.logs.dir, "\u202ex")
	if status, body := request(t, s, "/logs"); status != http.StatusInternalServerError || !strings.HasPrefix(body, `{"error":"`) || strings.Contains(body, "\u202e") {
		t.Errorf("%d %s", status, body)
	}
}

// TestLogsFollow follows over HTTP: what is there and what comes, until the client goes.
func TestLogsFollow(t *testing.T) {
	s := webServer(t, testConfig(t, modeEvents), some(5)...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.webAddr.String()+"/logs?follow=1&n=2", nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	lines := bufio.NewScanner(reply.Body)
	next := func() (log struct{ Message string }) {
		if !lines.Scan() {
			t.Fatalf("no line: %v", lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		return log
	}
	if a, b := next(), next(); !strings.Contains(a.Message, "number 4") || b.Message != "malformed" {
		t.Fatalf("the last are %q and %q", a, b)
	}
	conn := dial(t, s, "tcp")
	for i := range 3 {
		write(t, conn, fmt.Sprintf("more %d\n", i))
		if log := next(); log.Message != fmt.Sprintf("more %d", i) {
			t.Errorf("%q", log)
		}
	}
	cancel()
	waitFor(t, "the end of the query", func() bool { return len(s.logs.slots) == 0 })
	s.logs.followTime = 1 // at once
	if status, body := request(t, s, "/logs?follow=1&n=1"); status != http.StatusOK || strings.Count(body, "\n") != 1 || strings.Contains(body, "error") {
		t.Errorf("%d %s", status, body)
	}
}

// TestLogsGuard checks who may see logs on loopback.
func TestLogsGuard(t *testing.T) {
	c := testConfig(t, modeConns)
	c.web.hosts = []string{"logs.example.com"}
	s := webServer(t, c, some(1)...)
	_, port, _ := strings.Cut(s.webAddr.String(), ":")
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST.:" + port: 200, "127.0.0.1:" + port: 200, "[::1]:" + port: 200, "127.9.9.9": 200, "a.localhost": 200, "Logs.Example.com:80": 200,
		"evil.example.com": 421, "evil.example.com:" + port: 421, "localhost.evil.com": 421, "10.1.2.3": 421, "127.0.0.1.evil.com": 421, "[2001:db8::1]:" + port: 421,
	} {
		for _, path := range []string{"/logs", "/sources.json", "/metrics/sources"} {
			if got, body := request(t, s, path, "Host", host); got != want || got != 200 && strings.Contains(body, "number") {
				t.Errorf("%s of host %s: %d, want %d", path, host, got, want)
			}
		}
	}
	own, err := newLogService(c.dir, "own.example.com:9514", c.web)
	if err != nil || !own.web.allowed("own.example.com:9514", s.webAddr) || !own.web.allowed("logs.example.com", s.webAddr) || own.web.allowed("", s.webAddr) {
		t.Errorf("its own name: %v, %v", own.web.hosts, err)
	}
	if got, _ := request(t, s, "/metrics", "Host", "evil.example.com"); got != 200 {
		t.Errorf("/metrics: %d", got)
	}
	for site, want := range map[string]int{"same-origin": 200, "none": 200, "cross-site": 403, "same-site": 403} {
		if got, _ := request(t, s, "/logs", "Sec-Fetch-Site", site); got != want {
			t.Errorf("asked from %s: %d, want %d", site, got, want)
		}
	}
}

// TestLogsElsewhere checks that log contents are not served to anybody.
func TestLogsElsewhere(t *testing.T) {
	for _, http := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"} {
		_, err := parseConfig([]string{"-http", http})
		if err == nil || !strings.Contains(err.Error(), `-http "`+http+`": log contents are served on loopback only`) || !strings.Contains(err.Error(), "want ") {
			t.Errorf("%s: %v", http, err)
		}
		if _, err := parseConfig([]string{"-http", http, "-http-logs=false"}); err != nil {
			t.Errorf("%s without logs: %v", http, err)
		}
	}
	for _, args := range [][]string{{"-http-tls-cert", "x"}, {"-http-tls-key", "x"}} {
		if _, err := parseConfig(args); err == nil || !strings.Contains(err.Error(), args[0]+` "x": want -http-tls-`) {
			t.Errorf("%q: %v", args, err)
		}
	}
	c := testConfig(t, modeConns)
	c.tcp, c.http = []string{"127.0.0.1:0"}, "0.0.0.0:0" // as a name that stands for an address
	if _, err := start(c, discard); err == nil || !strings.Contains(err.Error(), "log contents are served on loopback only") {
		t.Errorf("started: %v", err)
	}
	c.web.logs = false
	s := webServer(t, c, some(1)...)
	for path, want := range map[string]int{"/logs": 403, "/sources.json": 403, "/metrics/sources": 403, "/metrics": 200, "/stats.json": 200, "/": 200} {
		if got, _ := request(t, s, path); got != want {
			t.Errorf("%s without logs: %d, want %d", path, got, want)
		}
	}
}

// TestLogsToken checks that TLS and a token let logs be served anywhere, to whom has it.
func TestLogsToken(t *testing.T) {
	const token = "correct-horse-battery"
	c := testConfig(t, modeConns)
	dir := t.TempDir()
	c.web.cert, c.web.key = certificate(t, dir)
	c.web.tokenFile = filepath.Join(dir, "token")
	c.http = "0.0.0.0:0"
	for _, text := range []string{"", "short", "fifteen letters", "two words are not a token", strings.Repeat("x", maxToken+1)} {
		if err := os.WriteFile(c.web.tokenFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.web.token(); err == nil || !strings.Contains(err.Error(), "-http-token-file ") || !strings.Contains(err.Error(), "want a file of one line") {
			t.Errorf("token %.30q: %v", text, err)
		}
	}
	if err := os.WriteFile(c.web.tokenFile, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := webServer(t, c, some(1)...)
	for header, want := range map[string]int{
		"Bearer " + token: 200, "bearer " + token: 200, "": 401, token: 401, "Bearer": 401, "Bearer ": 401, "Bearer " + token + "x": 401, "Bearer " + token[1:]: 401, "Basic " + token: 401,
	} {
		for _, path := range []string{"/logs", "/sources.json", "/metrics/sources"} {
			got, body := request(t, s, path, "Host", "localhost", "Authorization", header)
			if got != want || got != 200 && strings.Contains(body, "number") {
				t.Errorf("%s by %q: %d, want %d", path, header, got, want)
			}
		}
	}
	if got, _ := request(t, s, "/metrics"); got != 200 {
		t.Errorf("/metrics: %d", got)
	}
	if reply, err := http.Get("http://" + s.webAddr.String() + "/logs"); err == nil {
		if reply.Body.Close(); reply.StatusCode == 200 {
			t.Error("served without TLS")
		}
	}
	var out strings.Builder
	if s.announce(&out); !strings.Contains(out.String(), "listening https ") {
		t.Errorf("announced: %s", &out)
	}
}

// TestSourcesJSON checks the table of sources.
func TestSourcesJSON(t *testing.T) {
	s := webServer(t, testConfig(t, modeConns), some(1)...)
	now := time.Now()
	s.stats.Sources.Count(stats.SourceKey{Peer: "10.0.0.1", Listener: "tcp://[::]:514", Subject: "CN=\u202e"}, 7, 70, now.UnixNano())
	s.stats.Sources.Count(stats.SourceKey{Peer: "10.0.0.2", Subject: "a\"\\\n\xff"}, 1, 2, now.Add(-2*silentAfter).UnixNano())
	var got sourcesReport
	_, body := request(t, s, "/sources.json")
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(got.Rows, func(r stats.Source) bool { return r.Peer == "127.0.0.1" }); i < 0 || got.Rows[i].Logs != 2 || !strings.HasPrefix(got.Rows[i].Listener, "tcp") {
		t.Errorf("the sender is not among %s", body)
	}
	if got.Total != 3 || got.Silent != 1 || len(got.Rows) != 3 || !slices.ContainsFunc(got.Rows, func(r stats.Source) bool { return r.Logs == 7 }) || got.SilentAfter != 300 || got.Now < now.UnixNano() {
		t.Errorf("%s", body)
	}
	_, text := request(t, s, "/metrics/sources")
	for _, want := range []string{
		"logs_total" + `{peer="10.0.0.1",listener="tcp://[::]:514",subject="` + "CN=\u202e" + `"} 7`,
		"bytes_total" + `{peer="10.0.0.2",listener="",subject="a\"\\\n` + "\uFFFD" + `"} 2`,
	} {
		if !strings.Contains(text, "\nlogserver_source_"+want+"\n") {
			t.Errorf("no %s in %s", want, text)
		}
	}
	fields := jsonFields(t, got)
	for _, name := range []string{"total", "silent", "silent_after", "sources", "now", "last", "peer", "listener", "subject", "logs", "bytes"} {
		if !fields[name] || !strings.Contains(string(page), "."+name) {
			t.Errorf("%s is not in the JSON or not on the page", name)
		}
	}
}
