package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serviceOf is the service of a handler.
func serviceOf(t *testing.T, h http.HandlerFunc, conns int, rate float64) *Service {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &Service{URL: server.URL, Conns: conns, Pace: Pace{Rate: rate}, Transport: &http.Transport{}}
}

// brief is without the histograms.
func brief(s *Served) string {
	return fmt.Sprintf("due %d, unsent %d, in time %d, statuses %v, failed %d (%v), reconnects %d, p50 %v, longest %v",
		s.Due, s.Unsent, s.InTime, s.Statuses, s.Failed, s.Failure, s.Reconnects,
		time.Duration(s.Latency.Quantile(.5)), time.Duration(s.Latency.Max()))
}

func TestServiceMeasuresLatency(t *testing.T) {
	const takes = 5 * time.Millisecond
	var conns atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(takes)
		_, _ = w.Write([]byte("0123456789"))
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	s := &Service{URL: server.URL, Conns: 4, Pace: Pace{Rate: 200}, Transport: &http.Transport{}}
	got, err := s.Run(t.Context(), 200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if got.Due != 40 || got.Statuses[http.StatusOK]+got.Unsent+got.Failed != 40 || got.Failed != 0 {
		t.Error(brief(got))
	}
	if want := 10 * got.Statuses[http.StatusOK]; got.Bytes != want {
		t.Errorf("%d bytes of bodies, want %d", got.Bytes, want)
	}
	if n := conns.Load(); n != 4 || got.Reconnects != 0 {
		t.Errorf("%d connections, %d made again; want 4 and 0", n, got.Reconnects)
	}
	if p50 := time.Duration(got.Latency.Quantile(.5)); p50 < takes*98/100 || got.Latency.Total() != got.Statuses[http.StatusOK] {
		t.Errorf("p50 %v of %d replies, where each takes %v", p50, got.Latency.Total(), takes)
	}
}

// A service that cannot keep up is charged for what waits meanwhile.
func TestServiceCountsWhatWaits(t *testing.T) {
	const takes = 20 * time.Millisecond
	s := serviceOf(t, func(http.ResponseWriter, *http.Request) { time.Sleep(takes) }, 1, 1000)
	got, err := s.Run(t.Context(), 5*takes)
	if err != nil {
		t.Fatal(err)
	}
	replies := got.Statuses[http.StatusOK]
	if replies == 0 || replies > 6 || got.Unsent != got.Due-replies || got.InTime > 5 {
		t.Error(brief(got))
	}
	if longest := time.Duration(got.Latency.Max()); replies > 2 && longest < takes*3/2 {
		t.Errorf("the longest took %v, as if none had waited", longest)
	}
}

func TestServiceCountsFailures(t *testing.T) {
	var n atomic.Int64
	s := serviceOf(t, func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) % 3 {
		case 2:
			// Before the reply has begun, the transport would try again by itself.
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("12345"))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case 0:
			w.WriteHeader(http.StatusTeapot)
		}
	}, 1, 1000)
	got, err := s.Run(t.Context(), 30*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if got.Failed == 0 || got.Failure == nil || got.Reconnects == 0 || got.Statuses[http.StatusTeapot] == 0 || got.Statuses[http.StatusOK] == 0 {
		t.Error(brief(got))
	}
}

func TestServiceThatIsNotThere(t *testing.T) {
	s := serviceOf(t, http.NotFound, 2, 10)
	if _, err := s.Run(t.Context(), time.Millisecond); err == nil || !strings.Contains(err.Error(), "404 Not Found") {
		t.Errorf("a page that is not there: %v", err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.URL = "http://" + ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context(), time.Millisecond); err == nil || !strings.Contains(err.Error(), "connection 1 of 2") {
		t.Errorf("nobody listens: %v", err)
	}
	ok := serviceOf(t, func(http.ResponseWriter, *http.Request) {}, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ok.Run(ctx, time.Hour); err == nil {
		t.Error("cancelled: no error")
	}
}
