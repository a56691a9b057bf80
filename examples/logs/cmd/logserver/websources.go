package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// silentAfter is how long a source sends nothing before it is called silent.
const silentAfter = 5 * time.Minute

// shownSources is how many rows of the table of sources are served: so many that were seen
// last, and so many silent ones.
const shownSources = 500

// measuredSources is how many sources /metrics/sources has, those seen last.
const measuredSources = 1000

// sourcesReport is what /sources.json says.
type sourcesReport struct {
	Now         int64   `json:"now"`          // Unix nanoseconds
	SilentAfter float64 `json:"silent_after"` // seconds
	stats.SourcesSnapshot
}

// serveSources answers who sends logs.
func (s *server) serveSources(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	writeJSON(w, sourcesReport{now.UnixNano(), silentAfter.Seconds(), s.stats.Sources.Snapshot(shownSources, now.Add(-silentAfter).UnixNano())})
}

// serveSourceMetrics writes the counts of the sources seen last for Prometheus. They are
// not among /metrics, as there are as many values of the labels as senders.
func (s *server) serveSourceMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", stats.ContentType)
	e := stats.NewExposition(w)
	rows := s.stats.Sources.Snapshot(measuredSources, 0).Rows
	for _, m := range []struct {
		name, kind, help string
		value            func(r *stats.Source) float64
	}{
		{"logs_total", "counter", "Logs received, by source.", func(r *stats.Source) float64 { return float64(r.Logs) }},
		{"bytes_total", "counter", "Bytes of messages received, by source.", func(r *stats.Source) float64 { return float64(r.Bytes) }},
		{"last_seen_timestamp_seconds", "gauge", "When a source sent last.", func(r *stats.Source) float64 { return float64(r.Last) / 1e9 }},
	} {
		name := "logserver_source_" + m.name
		e.Head(name, m.kind, m.help)
		for i := range rows {
			e.Sample(name, sourceLabels(rows[i].SourceKey), m.value(&rows[i]))
		}
	}
	_ = e.Flush() // the client has gone
}

// sourceLabels are the labels of a source. The subject is whatever a certificate says.
func sourceLabels(k stats.SourceKey) string {
	value := func(s string) string { return `"` + labelReplacer.Replace(strings.ToValidUTF8(s, "\uFFFD")) + `"` }
	return "peer=" + value(k.Peer) + ",listener=" + value(k.Listener) + ",subject=" + value(k.Subject)
}
