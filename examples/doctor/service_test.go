package main

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/load"
)

// slowService is a service whose replies take a while.
func slowService(t *testing.T, takes time.Duration) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		time.Sleep(takes)
		_, _ = w.Write([]byte("hello"))
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func TestServiceOfKnownLatency(t *testing.T) {
	const takes = 10 * time.Millisecond
	url, requests := slowService(t, takes)
	out, _ := runs(t, 0, "-url", url, "-rate=100", "-conns=4", "-for=200ms", "-json")
	var r ServiceReport
	decode(t, out, &r)
	if r.Due != 20 || r.Replies+r.Unsent != 20 || r.Statuses[http.StatusOK] != r.Replies || r.Failed != 0 || r.BytesPerReply != 5 {
		t.Errorf("%+v", r)
	}
	if n := uint64(requests.Load()); n != r.Replies+4 { // one for each connection does not count
		t.Errorf("the service had %d requests, the report %d", n, r.Replies)
	}
	if least := takes.Seconds() * 1e6 * .98; r.P50Us < least || r.P99Us < r.P50Us || r.P999Us < r.P99Us || r.MaxUs < r.P999Us {
		t.Errorf("p50 %.0f us, p99 %.0f, p99.9 %.0f, longest %.0f, where replies take %.0f", r.P50Us, r.P99Us, r.P999Us, r.MaxUs, least)
	}
	if r.URL != url || r.Conns != 4 || r.RatePerSecond != 100 || r.Seconds != .2 || r.PerSecond <= 0 || r.PerSecond > 100 {
		t.Errorf("%+v", r)
	}
}

func TestServiceReport(t *testing.T) {
	o, err := parseFlags([]string{"-url=http://me:secret@localhost/"})
	if err != nil {
		t.Fatal(err)
	}
	s := load.Served{Length: 2 * time.Second, Due: 1010, InTime: 500, Bytes: 7000, Failed: 10, Failure: errNoReply}
	for i := range int64(1000) {
		s.Latency.Record((i + 1) * 1000)
		s.Late.Record(2000)
	}
	r := serviceReport(o, &s)
	near := func(name string, got, want float64) {
		if got < want*.98 || got > want*1.02 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	near("p50", r.P50Us, 500)
	near("p99", r.P99Us, 990)
	near("p99.9", r.P999Us, 1000)
	near("the longest", r.MaxUs, 1000)
	near("late", r.LateUs, 2)
	near("throughput", r.PerSecond, 250)
	near("bytes", r.BytesPerReply, 7)
	if r.Replies != 1000 || !r.KeepsUp || r.Failed != 10 || r.Failure != errNoReply.Error() || strings.Contains(r.URL, "secret") {
		t.Errorf("%+v", r)
	}
}

func TestServiceThatFallsBehind(t *testing.T) {
	url, _ := slowService(t, 20*time.Millisecond)
	out, complaint := runs(t, 0, "-url", url, "-rate=1000", "-conns=1", "-for=100ms")
	for _, want := range []string{"GET " + url, "1000 a second", "p50 ", "p99.9 ", "replies a second", "falls behind"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if !strings.Contains(complaint, "load for 100ms") {
		t.Errorf("it said %q", complaint)
	}
}

func TestServiceWithItsOwnCertificate(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = nil
	defer s.Close()
	args := []string{"-url", s.URL, "-rate=100", "-conns=1", "-for=20ms"}
	if _, complaint := runs(t, 1, args...); !strings.Contains(complaint, "certificate") {
		t.Errorf("it said %q", complaint)
	}
	out, _ := runs(t, 0, append(args, "-insecure")...)
	if !strings.Contains(out, "2 with status 200") {
		t.Errorf("it wrote\n%s", out)
	}
}

func TestServiceElsewhereIsRefused(t *testing.T) {
	for _, url := range []string{"http://192.0.2.1/", "http://[2001:db8::1]:80/", "http://0.0.0.0:1/", "http://[::ffff:192.0.2.1]/"} {
		_, complaint := runs(t, 2, "-url", url, "-for=10ms")
		if !strings.Contains(complaint, "-url "+url) || !strings.Contains(complaint, "not on loopback") || !strings.Contains(complaint, "-remote") {
			t.Errorf("%s: %q", url, complaint)
		}
	}
	// A name may resolve to something else when it is dialled.
	o, err := parseFlags([]string{"-url=http://localhost/"})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := transport(o).DialContext(t.Context(), "tcp", "192.0.2.1:80"); !errors.Is(err, errRemote) {
		t.Errorf("a connection elsewhere: %v, %v", c, err)
	}
	if o, err = parseFlags([]string{"-url=http://localhost/", "-remote"}); err != nil || !o.remote {
		t.Errorf("-remote: %+v, %v", o, err)
	}
}

func TestServiceThatIsNotThere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if out, complaint := runs(t, 1, "-url", url, "-for=10ms"); !strings.Contains(complaint, "-url "+url) || !strings.Contains(complaint, "refused") || out != "" {
		t.Errorf("%q, %q", out, complaint)
	}
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if _, complaint := runs(t, 1, "-url", s.URL, "-for=10ms"); !strings.Contains(complaint, "404 Not Found") {
		t.Errorf("%q", complaint)
	}
}
