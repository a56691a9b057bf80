package sink

import (
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// counters are what a Sink counts.
type counters struct {
	connected                                   atomic.Int64
	sent, delivered, retried, refused           atomic.Uint64
	failures, saveErrors, rewound, damaged      atomic.Uint64
	letGo, lostSegments, lostBytes, outOfWindow atomic.Uint64
	lagBytes, oldest, acked                     atomic.Int64
	window                                      atomic.Int64 // nanoseconds; of a stream
	readBytes, readRecords                      atomic.Int64
	delay                                       stats.Histogram // of what is delivered, since its receipt
	// uncertain says that something was sent whose acknowledgement never came.
	uncertain atomic.Bool
}

// read notes how many bytes a batch takes in its segment.
func (c *counters) read(bytes int64, records int) {
	if bytes > 0 {
		c.readBytes.Add(bytes)
		c.readRecords.Add(int64(records))
	}
}

// guessedSize is how many bytes a record takes before any has been read.
const guessedSize = 200

// Counters are the state of a Sink.
type Counters struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	// Target says where to.
	Target string `json:"target"`
	// Connected says that the target is there and answers.
	Connected bool `json:"connected"`
	// LagBytes is how many bytes of segments are stored and not delivered, LagRecords an
	// estimate of how many logs these are, LagSeconds how long ago the oldest of them
	// came.
	LagBytes   int64   `json:"lag_bytes"`
	LagRecords int64   `json:"lag_records"`
	LagSeconds float64 `json:"lag_seconds"`
	// Sent counts the logs that were sent, again or for the first time, Delivered those
	// that are done: acknowledged, or refused for ever.
	Sent      uint64 `json:"sent"`
	Delivered uint64 `json:"delivered"`
	// DelayP50 and DelayP99 are how many seconds passed from the receipt of a log until it
	// was delivered, of all since the Sink began.
	DelayP50 float64 `json:"delay_p50_seconds"`
	DelayP99 float64 `json:"delay_p99_seconds"`
	// Retried counts logs that were not acknowledged when a session ended, and so are sent
	// again; Refused those that the target will never take.
	Retried uint64 `json:"retried"`
	Refused uint64 `json:"refused"`
	// Failures counts sessions, and attempts to begin one, that an error ended.
	Failures uint64 `json:"failures"`
	// LetGo counts segments that the sink's bound let go of, LostSegments and LostBytes
	// what was removed before it was delivered.
	LetGo        uint64 `json:"let_go"`
	LostSegments uint64 `json:"lost_segments"`
	LostBytes    uint64 `json:"lost_bytes"`
	// Damaged counts what was stored and could not be read, Rewound cursors that did not
	// fit the store, SaveErrors failures to write the cursor.
	Damaged    uint64 `json:"damaged"`
	Rewound    uint64 `json:"rewound"`
	SaveErrors uint64 `json:"save_errors"`
	// OutOfWindow counts outages that were longer than the stream's duplicate window.
	OutOfWindow uint64 `json:"out_of_window"`
	// DuplicateWindow is the stream's duplicate window in seconds, if the target has one.
	DuplicateWindow float64 `json:"duplicate_window_seconds"`
}

// Counters returns the state of the Sink.
func (s *Sink) Counters() Counters {
	c := &s.counts
	r := Counters{
		Name: s.opts.Name, Kind: s.opts.Kind.String(), Target: s.Target(), Connected: c.connected.Load() == 1,
		LagBytes: c.lagBytes.Load(), Sent: c.sent.Load(), Delivered: c.delivered.Load(),
		Retried: c.retried.Load(), Refused: c.refused.Load(), Failures: c.failures.Load(),
		LetGo: c.letGo.Load(), LostSegments: c.lostSegments.Load(), LostBytes: c.lostBytes.Load(),
		Damaged: c.damaged.Load(), Rewound: c.rewound.Load(), SaveErrors: c.saveErrors.Load(),
		OutOfWindow: c.outOfWindow.Load(), DuplicateWindow: time.Duration(c.window.Load()).Seconds(),
	}
	size := int64(guessedSize)
	if n := c.readRecords.Load(); n > 0 {
		size = max(c.readBytes.Load()/n, 1)
	}
	r.LagRecords = (r.LagBytes + size - 1) / size
	var delay stats.HistogramSnapshot
	c.delay.Snapshot(&delay)
	r.DelayP50, r.DelayP99 = float64(delay.Quantile(.5))/1e9, float64(delay.Quantile(.99))/1e9
	if oldest := c.oldest.Load(); oldest != 0 {
		r.LagSeconds = max(time.Since(time.Unix(0, oldest)).Seconds(), 0)
	}
	return r
}

// Expose writes the metrics of sinks, labelled with their names and kinds.
func Expose(e *stats.Exposition, sinks []*Sink) {
	if len(sinks) == 0 {
		return
	}
	all := make([]Counters, len(sinks))
	for i, s := range sinks {
		all[i] = s.Counters()
	}
	const delay = "logserver_sink_delay_seconds"
	e.Head(delay, "histogram", "From the receipt of a log until it was delivered.")
	for i, s := range sinks {
		var h stats.HistogramSnapshot
		s.counts.delay.Snapshot(&h)
		e.Durations(delay, all[i].labels(), &h, delayBounds)
	}
	for _, m := range metrics {
		name := "logserver_sink_" + m.name
		e.Head(name, m.kind, m.help)
		for i := range all {
			e.Sample(name, all[i].labels(), m.value(&all[i]))
		}
	}
}

// labels are those of a sink's metrics.
func (c *Counters) labels() string { return `sink="` + c.Name + `",kind="` + c.Kind + `"` }

// delayBounds are the upper bounds, in nanoseconds, of the delay's buckets.
var delayBounds = []int64{1e6, 2.5e6, 5e6, 10e6, 25e6, 50e6, 100e6, 250e6, 500e6, 1e9, 2.5e9, 5e9, 10e9, 30e9, 60e9, 600e9}

// metrics are what Expose writes besides.
var metrics = []struct {
	name, kind, help string
	value            func(*Counters) float64
}{
	{"connected", "gauge", "1 if the target is there and answers.", func(c *Counters) float64 {
		if c.Connected {
			return 1
		}
		return 0
	}},
	{"lag_bytes", "gauge", "Bytes of segments stored and not delivered.", func(c *Counters) float64 { return float64(c.LagBytes) }},
	{"lag_records", "gauge", "Logs stored and not delivered, estimated by the bytes.", func(c *Counters) float64 { return float64(c.LagRecords) }},
	{"lag_seconds", "gauge", "Age of the oldest log that is not delivered, since its receipt.", func(c *Counters) float64 { return c.LagSeconds }},
	{"sent_total", "counter", "Logs sent, those sent again too.", func(c *Counters) float64 { return float64(c.Sent) }},
	{"delivered_total", "counter", "Logs done: acknowledged, or refused for ever.", func(c *Counters) float64 { return float64(c.Delivered) }},
	{"retried_total", "counter", "Logs that a session left without an acknowledgement; they are sent again.", func(c *Counters) float64 { return float64(c.Retried) }},
	{"refused_total", "counter", "Logs that the target will never take; they are in the dead letters.", func(c *Counters) float64 { return float64(c.Refused) }},
	{"failures_total", "counter", "Sessions, and attempts to begin one, that an error ended.", func(c *Counters) float64 { return float64(c.Failures) }},
	{"let_go_segments_total", "counter", "Segments that hold-bytes or hold-age let go of.", func(c *Counters) float64 { return float64(c.LetGo) }},
	{"lost_segments_total", "counter", "Segments removed before they were delivered.", func(c *Counters) float64 { return float64(c.LostSegments) }},
	{"lost_bytes_total", "counter", "Bytes of segments removed before they were delivered.", func(c *Counters) float64 { return float64(c.LostBytes) }},
	{"damaged_total", "counter", "Damages of the store that were passed over.", func(c *Counters) float64 { return float64(c.Damaged) }},
	{"rewound_total", "counter", "Cursors that did not fit the store; all of it was sent again.", func(c *Counters) float64 { return float64(c.Rewound) }},
	{"save_errors_total", "counter", "Failures to write the cursor.", func(c *Counters) float64 { return float64(c.SaveErrors) }},
	{"out_of_window_total", "counter", "Outages longer than the stream's duplicate window; some logs may be twice.", func(c *Counters) float64 { return float64(c.OutOfWindow) }},
	{"duplicate_window_seconds", "gauge", "The stream's duplicate window; 0: the target has none.", func(c *Counters) float64 { return c.DuplicateWindow }},
}
