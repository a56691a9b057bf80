package sink

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// benchURL starts a NATS server in this process and returns the URL of a stream there.
func benchURL(b *testing.B) string {
	b.Helper()
	n, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: b.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		b.Fatal(err)
	}
	n.Start()
	b.Cleanup(func() { n.Shutdown(); n.WaitForShutdown() })
	if !n.ReadyForConnections(patience) {
		b.Fatal("the NATS server is not ready")
	}
	return fmt.Sprintf("nats://127.0.0.1:%d?stream=LOGS&create=yes", n.Addr().(*net.TCPAddr).Port)
}

// benchSink makes a store and a Sink that is not started.
func benchSink(b *testing.B, url string) (*store.Store, *Sink) {
	b.Helper()
	dir := b.TempDir()
	c, err := Parse(url)
	if err != nil {
		b.Fatal(err)
	}
	k, err := New(Options{Config: c, Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(store.Options{Dir: dir, Durability: store.Group, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s, k
}

// benchLog is a message of 200 bytes.
var benchLog = []byte("<134>1 2026-01-01T00:00:00Z host app 1 - - " + strings.Repeat("x", 157))

// load appends n messages without waiting for the disk.
func load(b *testing.B, s *store.Store, n int) {
	b.Helper()
	l := s.Lane(0)
	for n > 0 {
		l.Begin()
		ok := true
		for n > 0 && ok {
			if _, ok = l.Append(store.Meta{Severity: 6, Facility: 16}, benchLog); ok {
				n--
			}
		}
		l.End()
		if !ok && l.Wait() != nil {
			b.Fatal("the store is closed")
		}
	}
}

// BenchmarkNATS is how fast a backlog goes into a stream of one replica in this process.
func BenchmarkNATS(b *testing.B) {
	s, k := benchSink(b, benchURL(b))
	load(b, s, b.N)
	b.ResetTimer()
	if err := k.Start(s); err != nil {
		b.Fatal(err)
	}
	for k.Counters().Delivered < uint64(b.N) {
		time.Sleep(time.Millisecond)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "logs/s")
	_ = k.Stop(b.Context())
}

// BenchmarkNATSLag is how long a log takes from its receipt into the stream while 60,000
// come in a second: the age of the oldest that is not acknowledged, looked at every 10 ms.
func BenchmarkNATSLag(b *testing.B) {
	const rate, step = 60000, 10 * time.Millisecond
	s, k := benchSink(b, benchURL(b))
	if err := k.Start(s); err != nil {
		b.Fatal(err)
	}
	var lags []time.Duration
	tick := time.NewTicker(step)
	defer tick.Stop()
	sent, began := 0, time.Now()
	for sent < b.N {
		<-tick.C
		due := min(int(time.Since(began).Seconds()*rate), b.N)
		load(b, s, due-sent)
		sent = due
		lags = append(lags, k.lagNow())
	}
	for k.Counters().Delivered < uint64(b.N) {
		time.Sleep(time.Millisecond)
	}
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "logs/s")
	slices.Sort(lags)
	b.ReportMetric(float64(lags[len(lags)/2].Microseconds())/1e3, "lag-p50-ms")
	b.ReportMetric(float64(lags[len(lags)*99/100].Microseconds())/1e3, "lag-p99-ms")
	_ = k.Stop(b.Context())
}

// lagNow is the age of the oldest log that is sent and not acknowledged.
func (s *Sink) lagNow() time.Duration {
	s.mu.Lock()
	a := s.current
	s.mu.Unlock()
	if a == nil {
		return 0
	}
	n, _, oldest := a.ledger.outstanding()
	if n == 0 || oldest == 0 {
		return 0
	}
	return time.Since(time.Unix(0, oldest))
}
