package main

import (
	"net/http"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// silentAfter is how long a source sends nothing before it is called silent.
const silentAfter = 5 * time.Minute

// shownSources is how many rows of the table of sources are served: so many that were seen
// last, and so many silent ones.
const shownSources = 500

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
