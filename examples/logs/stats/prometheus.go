package stats

import (
	"bufio"
	"io"
	"strconv"
)

// SeverityNames are syslog's names of the severities 0 to 7.
var SeverityNames = [8]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// latencyBounds are the upper bounds, in nanoseconds, of the buckets that
// Prometheus gets.
var latencyBounds = []int64{
	50e3, 100e3, 250e3, 500e3,
	1e6, 2.5e6, 5e6, 10e6, 25e6, 50e6, 100e6, 250e6, 500e6,
	1e9, 2.5e9, 5e9, 10e9, 30e9, 60e9,
}

// ContentType is the media type of what an Exposition writes.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Exposition writes metrics in Prometheus's text format. Errors are kept until
// Flush.
type Exposition struct{ w *bufio.Writer }

// NewExposition returns an Exposition that writes to w.
func NewExposition(w io.Writer) *Exposition { return &Exposition{bufio.NewWriter(w)} }

// Head begins a metric; kind is counter, gauge or histogram. Help is one line
// without backslashes.
func (e *Exposition) Head(name, kind, help string) {
	e.put("# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n")
}

// Sample writes one value of the metric begun last. Labels are empty or of
// the form `a="b",c="d"`.
func (e *Exposition) Sample(name, labels string, value float64) {
	if labels != "" {
		labels = "{" + labels + "}"
	}
	e.put(name, labels, " ", strconv.FormatFloat(value, 'f', -1, 64), "\n")
}

// Counter writes a counter that has one value.
func (e *Exposition) Counter(name, help string, value float64) {
	e.Head(name, "counter", help)
	e.Sample(name, "", value)
}

// Gauge writes a gauge that has one value.
func (e *Exposition) Gauge(name, help string, value float64) {
	e.Head(name, "gauge", help)
	e.Sample(name, "", value)
}

// Histogram writes a histogram of nanoseconds in seconds, with the upper
// bounds given in nanoseconds.
func (e *Exposition) Histogram(name, help string, h *HistogramSnapshot, bounds []int64) {
	e.Head(name, "histogram", help)
	e.Durations(name, "", h, bounds)
}

// Durations writes one histogram of the metric begun last, as Histogram does. Labels are
// as Sample's.
func (e *Exposition) Durations(name, labels string, h *HistogramSnapshot, bounds []int64) {
	and := labels
	if and != "" {
		and += ","
	}
	for _, b := range bounds {
		le := strconv.FormatFloat(float64(b)/1e9, 'f', -1, 64)
		e.Sample(name+"_bucket", and+`le="`+le+`"`, float64(h.AtMost(b)))
	}
	e.Sample(name+"_bucket", and+`le="+Inf"`, float64(h.Count()))
	e.Sample(name+"_sum", labels, float64(h.Sum())/1e9)
	e.Sample(name+"_count", labels, float64(h.Count()))
}

// Flush writes what is left and returns the first error of all writes.
func (e *Exposition) Flush() error { return e.w.Flush() }

func (e *Exposition) put(parts ...string) {
	for _, p := range parts {
		_, _ = e.w.WriteString(p) // bufio keeps the error
	}
}

// WritePrometheus writes the counters, and the CPU time of the process, to w
// in Prometheus's text format.
func (s *Stats) WritePrometheus(w io.Writer) error {
	e := NewExposition(w)
	s.Snapshot().Expose(e)
	return e.Flush()
}

// Expose writes the snapshot's metrics, and the CPU time of the process.
func (c *Snapshot) Expose(e *Exposition) {
	for _, m := range []struct {
		name, help string
		value      uint64
	}{
		{"logs_received", "Logs framed and parsed, malformed ones included.", c.Received},
		{"logs_stored", "Logs as durable as was asked for.", c.Stored},
		{"logs_malformed", "Logs whose header could not be parsed; they are stored, marked.", c.Malformed},
		{"logs_oversized", "Logs cut to the longest length allowed.", c.Oversized},
		{"frames_refused", "Bad frames; each ends its connection.", c.Refused},
		{"received_bytes", "Bytes received from connections.", c.BytesIn},
		{"stored_bytes", "Bytes of the messages stored.", c.BytesStored},
		{"written_bytes", "Bytes written to files, after compression.", c.BytesWritten},
		{"connections", "Connections taken.", uint64(c.ConnsTotal)},
		{"connections_rejected", "Connections closed at once: too many, or not allowed.", uint64(c.ConnsRejected)},
		{"connection_errors", "Connections that an error ended.", uint64(c.ConnErrors)},
		{"acks", "Acknowledgements sent.", c.Acks},
		{"batches", "Batches written.", c.Batches},
		{"syncs", "Successful calls of fdatasync.", c.Syncs},
		{"write_errors", "Failed writes, syncs and creations of files.", c.WriteErrors},
		{"rotations", "Segments begun after the first.", c.Rotations},
		{"removed", "Old segments that were removed.", c.Removed},
		{"damaged", "Damages found when the store was opened; what cannot be read is set aside.", c.Damaged},
	} {
		e.Counter("logserver_"+m.name+"_total", m.help, float64(m.value))
	}
	for _, m := range []struct {
		name, help string
		value      int64
	}{
		{"connections_open", "Connections open now.", c.Conns},
		{"connections_paused", "Connections held back now because the store is behind.", c.Paused},
		{"queue_batches", "Batches sealed and not yet written.", c.QueueBatches},
		{"queue_bytes", "Bytes in the batches sealed and not yet written.", c.QueueBytes},
	} {
		e.Gauge("logserver_"+m.name, m.help, float64(m.value))
	}
	e.Head("logserver_severity_total", "counter", "Logs received, by severity.")
	for i, n := range c.Severity {
		e.Sample("logserver_severity_total", `severity="`+SeverityNames[i]+`"`, float64(n))
	}
	e.Histogram("logserver_store_latency_seconds", "From the receipt of a batch's first log until the batch is stored.", &c.Latency, latencyBounds)
	user, system := CPUTime()
	e.Head("logserver_cpu_seconds_total", "counter", "CPU time of the process, by mode.")
	e.Sample("logserver_cpu_seconds_total", `mode="user"`, user.Seconds())
	e.Sample("logserver_cpu_seconds_total", `mode="system"`, system.Seconds())
}
