package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// healthRoutes adds what tells others how the server is.
func (s *server) healthRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answerHealth(w, "") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answerHealth(w, s.unready()) })
}

// answerHealth says ok, or why not.
func answerHealth(w http.ResponseWriter, why string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if why != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
	} else {
		why = "ok"
	}
	fmt.Fprintln(w, why)
}

// unready says why the server should not be sent logs; "": it should.
func (s *server) unready() string {
	select {
	case <-s.stopping:
		return "the server is stopping"
	default:
	}
	if err := s.store.Failing(); err != nil {
		return fmt.Sprintf("the store cannot write: %v", err)
	}
	return ""
}

// exposeStore writes the metrics of the store's disk. What cannot be found out is left
// out.
func (s *server) exposeStore(e *stats.Exposition) {
	failing := 0.0
	if s.store.Failing() != nil {
		failing = 1
	}
	e.Gauge("logserver_write_failing", "1 if the last attempt to write has failed; it is repeated.", failing)
	if at := s.store.LastSync(); !at.IsZero() {
		e.Gauge("logserver_last_sync_age_seconds", "Seconds since files were synced last.", time.Since(at).Seconds())
	}
	u, err := s.store.Usage()
	if err != nil {
		s.complain.Warn("logserver: looking at the store", "error", err)
		return
	}
	e.Gauge("logserver_store_bytes", "Bytes of all segments, those set aside too.", float64(u.Bytes))
	e.Gauge("logserver_store_segments", "Segments, those set aside too.", float64(u.Segments))
	e.Gauge("logserver_disk_free_bytes", "Bytes that can still be written to the file system of the segments.", float64(u.Free))
	if !u.Oldest.IsZero() {
		e.Gauge("logserver_oldest_log_timestamp_seconds", "When the oldest segment was begun, which its first log is as old as, in Unix seconds.", float64(u.Oldest.UnixMilli())/1e3)
	}
}
