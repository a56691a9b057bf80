package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/uringnet/go-uringnet/examples/logs/sink"
	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/poller"
)

var (
	//go:embed page.html
	pageHTML []byte
	//go:embed page_logs.js
	pageLogs []byte

	// page is the live page, whole: it loads nothing but the JSON below.
	page = bytes.Replace(pageHTML, []byte("/* page_logs.js */\n"), pageLogs, 1)
)

// pagePolicy forbids the page everything that it does not need.
const pagePolicy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// handler serves the page, the numbers, and the contents of logs to whom may see them.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", pagePolicy)
		_, _ = w.Write(page)
	})
	mux.HandleFunc("GET /metrics", s.serveMetrics)
	mux.HandleFunc("GET /stats.json", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.report()) })
	mux.HandleFunc("GET /history.json", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.history.all()) })
	mux.HandleFunc("GET /logs", s.logs.guard(s.logs.serve))
	mux.HandleFunc("GET /sources.json", s.logs.guard(s.serveSources))
	mux.HandleFunc("GET /metrics/sources", s.logs.guard(s.serveSourceMetrics))
	s.healthRoutes(mux)
	return mux
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // an error says that the client has gone
}

// report is what /stats.json says.
type report struct {
	Uptime    float64           `json:"uptime"` // seconds
	Dir       string            `json:"dir"`
	Listeners []listening       `json:"listeners"`
	Sinks     []sink.Counters   `json:"sinks"`
	Settings  settings          `json:"settings"`
	Totals    *stats.Snapshot   `json:"totals"`
	Idle      uint64            `json:"idle_closed"`
	Refused   map[string]uint64 `json:"refused"` // connections, by reason
	Sample    *sample           `json:"sample"`  // of the last second; null in the first
	Engine    engineReport      `json:"engine"`
}

// listening is one listener.
type listening struct {
	Kind    string `json:"kind"`
	Address string `json:"address"`
}

// settings are those of the configuration that explain the numbers.
type settings struct {
	Mode       string `json:"mode"`
	Files      string `json:"files"`
	Durability string `json:"durability"`
	Compress   bool   `json:"compress"`
	MaxConns   int    `json:"max_conns"`
	Logs       bool   `json:"logs"`  // /logs and /sources.json are served
	Token      bool   `json:"token"` // with a token only
}

// engineReport is how the connections are carried.
type engineReport struct {
	Status    string          `json:"status"`
	IOUring   bool            `json:"io_uring"`
	Fallbacks uint64          `json:"fallbacks"`
	Totals    poller.Counters `json:"totals"`
}

func (s *server) report() report {
	engine := s.engine.Stats()
	r := report{
		Uptime: time.Since(s.began).Seconds(),
		Dir:    s.cfg.dir,
		Settings: settings{
			Mode:       s.cfg.mode,
			Files:      s.files,
			Durability: s.cfg.durability.String(),
			Compress:   s.cfg.compress,
			MaxConns:   int(s.limits.maxConns.Load()),
			Logs:       s.cfg.web.logs,
			Token:      s.cfg.web.tokenFile != "",
		},
		Totals:  s.stats.Snapshot(),
		Idle:    s.idleClosed.Load(),
		Refused: s.limits.report(),
		Engine: engineReport{
			Status:    s.engine.Status().String(),
			IOUring:   s.engine.Status().IOUring,
			Fallbacks: engine.Fallbacks,
			Totals:    engine.Total,
		},
	}
	for _, l := range s.listeners {
		r.Listeners = append(r.Listeners, listening{l.kind, l.ln.Addr().String()})
	}
	for _, p := range s.packets {
		r.Listeners = append(r.Listeners, listening{p.kind, p.conn.LocalAddr().String()})
	}
	r.Sinks = make([]sink.Counters, len(s.sinks))
	for i, k := range s.sinks {
		r.Sinks[i] = k.Counters()
	}
	if newest, ok := s.history.newest(); ok {
		r.Sample = &newest
	}
	return r
}

// serveMetrics writes everything for Prometheus.
func (s *server) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", stats.ContentType)
	e := stats.NewExposition(w)
	s.stats.Snapshot().Expose(e)
	e.Counter("logserver_connections_idle_closed_total", "Connections closed for being silent.", float64(s.idleClosed.Load()))
	e.Counter("logserver_connections_unfinished_closed_total", "Connections closed because a message did not end within -line-timeout.", float64(s.intake.Expired()))
	e.Counter("logserver_messages_spilled_total", "Unfinished messages stored in parts because -buffer-memory was used up.", float64(s.intake.Spilled()))
	s.limits.expose(e)
	s.exposeStore(e)
	s.exposeListeners(e)
	s.exposePackets(e)
	e.Counter("logserver_paused_seconds_total", "Seconds in which the store held back at least one connection or socket.", s.intake.PausedTime().Seconds())
	sink.Expose(e, s.sinks)
	e.Gauge("logserver_uptime_seconds", "Seconds since the server began.", time.Since(s.began).Seconds())
	e.Gauge("logserver_memory_bytes", "Memory that the Go runtime holds.", float64(goMemory()))
	engine := s.engine.Stats()
	onRings := 0.0
	if s.engine.Status().IOUring {
		onRings = 1
	}
	e.Gauge("uringnet_io_uring", "1 if connections are carried by io_uring, 0 if by the standard library.", onRings)
	e.Counter("uringnet_fallbacks_total", "Connections and listeners carried by the standard library.", float64(engine.Fallbacks))
	totals := reflect.ValueOf(engine.Total)
	for i := range totals.NumField() {
		name := totals.Type().Field(i).Name
		e.Counter("uringnet_"+snake(name)+"_total", "The engine's counter "+name+", see poller.Counters.", float64(totals.Field(i).Uint()))
	}
	_ = e.Flush() // an error says that the client has gone
}

// snake writes the name of a Go field as Prometheus likes it: DirectRecvs is
// direct_recvs, SQEs is sqes.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 && unicode.IsLower(rune(name[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
