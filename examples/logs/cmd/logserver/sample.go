package main

import (
	"context"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// A sample is what a server did in one period, by the second, and how it
// stood at its end.
type sample struct {
	Time         int64   `json:"t"` // end of the period, Unix milliseconds
	Logs         float64 `json:"logs"`
	Stored       float64 `json:"stored"`
	BytesIn      float64 `json:"bytes_in"`
	BytesWritten float64 `json:"bytes_written"`
	Syncs        float64 `json:"syncs"`
	Acks         float64 `json:"acks"`
	Errors       float64 `json:"errors"` // of connections and of writing
	QueueBatches int64   `json:"queue_batches"`
	QueueBytes   int64   `json:"queue_bytes"`
	Conns        int64   `json:"conns"`
	Paused       int64   `json:"paused"`
	CPUUser      float64 `json:"cpu_user"` // per cent of one CPU
	CPUSystem    float64 `json:"cpu_system"`
	P50          *int64  `json:"p50"` // ns from receipt to stored; nil: nothing was stored
	P99          *int64  `json:"p99"`
	P999         *int64  `json:"p999"`
	Memory       uint64  `json:"memory"` // bytes the Go runtime has of the system
}

// sampler makes samples of the periods between its calls.
type sampler struct {
	stats        *stats.Stats
	at           time.Time
	last         *stats.Snapshot
	user, system time.Duration
}

func newSampler(s *stats.Stats) *sampler {
	p := &sampler{stats: s}
	p.next()
	return p
}

// next returns the sample of the period since the last call.
func (p *sampler) next() sample {
	now, c := time.Now(), p.stats.Snapshot()
	user, system := stats.CPUTime()
	last := p.last
	if last == nil {
		last = c
	}
	seconds := max(now.Sub(p.at).Seconds(), 1e-9)
	rate := func(now, before uint64) float64 { return float64(now-before) / seconds }
	errors := func(c *stats.Snapshot) uint64 { return uint64(c.ConnErrors) + c.WriteErrors }
	s := sample{
		Time:         now.UnixMilli(),
		Logs:         rate(c.Received, last.Received),
		Stored:       rate(c.Stored, last.Stored),
		BytesIn:      rate(c.BytesIn, last.BytesIn),
		BytesWritten: rate(c.BytesWritten, last.BytesWritten),
		Syncs:        rate(c.Syncs, last.Syncs),
		Acks:         rate(c.Acks, last.Acks),
		Errors:       rate(errors(c), errors(last)),
		QueueBatches: c.QueueBatches,
		QueueBytes:   c.QueueBytes,
		Conns:        c.Conns,
		Paused:       c.Paused,
		CPUUser:      100 * (user - p.user).Seconds() / seconds,
		CPUSystem:    100 * (system - p.system).Seconds() / seconds,
		Memory:       goMemory(),
	}
	between := c.Latency // a copy: c stays whole for the next difference
	between.Sub(&last.Latency)
	if between.Count() > 0 {
		quantile := func(q float64) *int64 { v := between.Quantile(q); return &v }
		s.P50, s.P99, s.P999 = quantile(0.5), quantile(0.99), quantile(0.999)
	}
	p.at, p.last, p.user, p.system = now, c, user, system
	return s
}

// goMemory returns the bytes that the Go runtime holds, without those it gave
// back.
func goMemory() uint64 {
	m := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(m)
	return m[0].Value.Uint64() - m[1].Value.Uint64()
}

// historyLength is how many seconds the page shows.
const historyLength = 300

// history keeps the samples of the last historyLength seconds.
type history struct {
	mu      sync.Mutex
	samples []sample
}

// run adds a sample a second until ctx ends.
func (h *history) run(ctx context.Context, s *stats.Stats) {
	p := newSampler(s)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.add(p.next())
		}
	}
}

func (h *history) add(s sample) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.samples) == historyLength {
		h.samples = append(h.samples[:0], h.samples[1:]...)
	}
	h.samples = append(h.samples, s)
}

// all returns a copy of the samples, oldest first.
func (h *history) all() []sample {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]sample{}, h.samples...)
}

// newest returns the newest sample; false if there is none yet.
func (h *history) newest() (sample, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.samples) == 0 {
		return sample{}, false
	}
	return h.samples[len(h.samples)-1], true
}
