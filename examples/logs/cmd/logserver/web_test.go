package main

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/sink"
	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// fetch gets a path of the server's web address.
func fetch(t *testing.T, s *server, path string) (*http.Response, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	r, err := client.Get("http://" + s.webAddr.String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(b)
}

// TestWeb stores some logs and looks for them in the metrics and in the JSON.
func TestWeb(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		c.http = "127.0.0.1:0"
		everywhere(t, &c)
		s := startServer(t, c)
		conn := dial(t, s, "tcp")
		write(t, conn, asLines(messages("web", 80)))
		waitStored(t, s, 80)

		r, text := fetch(t, s, "/metrics")
		if r.Header.Get("Content-Type") != stats.ContentType {
			t.Errorf("content type %q", r.Header.Get("Content-Type"))
		}
		ring := map[bool]string{true: "0", false: "1"}[w.engine == "off"]
		for _, want := range []string{
			"logserver_logs_stored_total 80", `logserver_severity_total{severity="warning"} 10`, "logserver_connections_open 1",
			"logserver_store_latency_seconds_count ", "uringnet_io_uring " + ring, "uringnet_direct_recvs_total ", "logserver_cpu_seconds_total{mode=\"user\"} ",
		} {
			if !strings.Contains(text, "\n"+want) {
				t.Errorf("the metrics have no %q", want)
			}
		}
		waitFor(t, "a sample", func() bool { _, ok := s.history.newest(); return ok })
		var rep report
		_, text = fetch(t, s, "/stats.json")
		if err := json.Unmarshal([]byte(text), &rep); err != nil {
			t.Fatal(err)
		}
		if rep.Totals.Stored != 80 || rep.Sample == nil || len(rep.Listeners) != 5 || rep.Engine.IOUring != (ring == "1") || rep.Settings.Mode != w.mode || rep.Dir != c.dir {
			t.Errorf("stats.json: %s", text)
		}
		var samples []sample
		_, text = fetch(t, s, "/history.json")
		if err := json.Unmarshal([]byte(text), &samples); err != nil || len(samples) == 0 {
			t.Errorf("history.json: %v, %s", err, text)
		}
		if r, _ := fetch(t, s, "/nothing"); r.StatusCode != http.StatusNotFound {
			t.Errorf("status %d of a page that is not there", r.StatusCode)
		}
	})
}

// TestPage checks that the page is served, needs nothing from elsewhere, and
// uses only fields that the JSON has.
func TestPage(t *testing.T) {
	c := testConfig(t, modeConns)
	c.http = "127.0.0.1:0"
	s := startServer(t, c)
	r, text := fetch(t, s, "/")
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") || !strings.Contains(text, "<title>logserver</title>") {
		t.Errorf("page: %s, %.100s", r.Header.Get("Content-Type"), text)
	}
	if found := regexp.MustCompile(`(src|href)="(https?:)?//|@import|url\(`).FindString(text); found != "" {
		t.Errorf("the page loads something: %s", found)
	}
	report := s.report()
	report.Sinks = append(report.Sinks, sink.Counters{})
	has := jsonFields(t, report)
	for name := range jsonFields(t, newSampler(s.stats).next()) {
		has[name] = true
	}
	for _, m := range regexp.MustCompile(`\b(?:t|s|r|at|sink|r\.engine|r\.settings|r\.totals|r\.sample)\.([a-z][a-z0-9_]*)\b`).FindAllStringSubmatch(text, -1) {
		if name := m[1]; !has[name] && !javaScript[name] {
			t.Errorf("the page uses %s, which the JSON does not have", m[0])
		}
	}
}

// javaScript has methods and properties of JavaScript that look like fields.
var javaScript = map[string]bool{"status": true, "ok": true, "json": true, "reduce": true, "replace": true}

// jsonFields returns the names of the fields of v's JSON, at any depth.
func jsonFields(t *testing.T, v any) map[string]bool {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`"([a-z0-9_]+)":`).FindAllStringSubmatch(string(b), -1) {
		names[m[1]] = true
	}
	return names
}

// TestSampler checks that samples are differences by the second.
func TestSampler(t *testing.T) {
	s := new(stats.Stats)
	s.Received.Add(1e6)
	s.Latency.Record(1e9)
	p := newSampler(s)
	p.at = p.at.Add(-2 * time.Second) // as if they had passed
	s.Received.Add(2000)
	s.ConnErrors.Add(4)
	s.Conns.Add(3)
	s.Latency.Record(1e6)
	got := p.next()
	if got.Logs < 900 || got.Logs > 1001 || got.Errors < 1.8 || got.Errors > 2.1 || got.Conns != 3 || got.P99 == nil || *got.P99 > 1.02e6 {
		t.Errorf("sample %+v", got)
	}
	if got = p.next(); got.Logs != 0 || got.P99 != nil || got.Conns != 3 {
		t.Errorf("sample of nothing: %+v", got)
	}
}

// TestHistory checks that the newest samples are kept, oldest first.
func TestHistory(t *testing.T) {
	var h history
	for i := range historyLength + 5 {
		h.add(sample{Time: int64(i)})
	}
	all := h.all()
	if newest, _ := h.newest(); len(all) != historyLength || all[0].Time != 5 || newest.Time != historyLength+4 || all[len(all)-1] != newest {
		t.Errorf("%d samples from %d to %d", len(all), all[0].Time, all[len(all)-1].Time)
	}
}

// TestLine checks the terminal's line.
func TestLine(t *testing.T) {
	p99 := int64(1234567)
	line := sample{Stored: 2.5e6, BytesIn: 2.75e8, QueueBatches: 3, QueueBytes: 7e5, Conns: 1000, Paused: 2, CPUUser: 80, CPUSystem: 45, P99: &p99}.line()
	for _, want := range []string{"2.50M logs/s", "275.0 MB/s", "queue 3 (0.7 MB)", "conns 1000", "paused 2", "cpu 125% (80 user, 45 kernel)", "p99 1.23ms"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q does not say %q", line, want)
		}
	}
	if line := (sample{Errors: 3}).line(); !strings.Contains(line, "p99 -") || !strings.Contains(line, "ERRORS 3.0/s") {
		t.Errorf("with errors and without logs: %q", line)
	}
}
