package stats

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestBuckets checks that the buckets cover every value once and in order.
func TestBuckets(t *testing.T) {
	next := int64(0)
	for i := range buckets {
		least, greatest := limits(i)
		if least != next || greatest < least {
			t.Fatalf("bucket %d is %d to %d; want it to begin at %d", i, least, greatest, next)
		}
		if bucket(least) != i || bucket(greatest) != i {
			t.Fatalf("bucket %d: its limits are in %d and %d", i, bucket(least), bucket(greatest))
		}
		next = greatest + 1
	}
	if next != 1<<topBits {
		t.Errorf("the buckets end before %d; want %d", next, int64(1)<<topBits)
	}
	if bucket(math.MaxInt64) != buckets-1 || bucket(math.MinInt64) != 0 {
		t.Error("values beyond the ends are not in the end buckets")
	}
}

// TestQuantiles compares with quantiles of the sorted values.
func TestQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	values := make([]int64, 20000)
	for i := range values {
		values[i] = int64(math.Exp(rng.NormFloat64()*3 + 12))
		h.Record(values[i])
	}
	slices.Sort(values)
	var s HistogramSnapshot
	h.Snapshot(&s)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := values[max(int(math.Ceil(q*float64(len(values))))-1, 0)]
		got := s.Quantile(q)
		if diff := math.Abs(float64(got-want)) / float64(max(want, 1)); diff > 0.008 {
			t.Errorf("quantile %v: %d, want %d: %.2f %% off", q, got, want, 100*diff)
		}
	}
	if s.Count() != uint64(len(values)) {
		t.Errorf("count %d, want %d", s.Count(), len(values))
	}
	if empty := (&HistogramSnapshot{}); empty.Quantile(0.99) != 0 {
		t.Error("an empty histogram has a quantile")
	}
}

// TestSub checks that a difference has only what came between.
func TestSub(t *testing.T) {
	var h Histogram
	for range 1000 {
		h.Record(1e9)
	}
	var before, after HistogramSnapshot
	h.Snapshot(&before)
	h.Record(1000)
	h.Record(2000)
	h.Record(-5) // counts as 0
	h.Snapshot(&after)
	after.Sub(&before)
	if after.Count() != 3 || after.Sum() != 3000 || after.Quantile(1) > 2016 || after.Quantile(0) != 0 {
		t.Errorf("difference: count %d, sum %d, 0 %d, 1 %d", after.Count(), after.Sum(), after.Quantile(0), after.Quantile(1))
	}
}

// TestConcurrent records from several goroutines while snapshots are taken.
func TestConcurrent(t *testing.T) {
	const workers, each = 4, 5000
	var s Stats
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				s.Latency.Record(int64(w*1000 + i))
				s.Received.Add(1)
				s.Stored.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if c := s.Snapshot(); c.Stored > c.Received {
			t.Fatalf("%d stored of %d received", c.Stored, c.Received)
		}
	}
	if c := s.Snapshot(); c.Latency.Count() != workers*each || c.Received != workers*each {
		t.Errorf("%d samples of %d logs; want %d", c.Latency.Count(), c.Received, workers*each)
	}
}

// TestSnapshotHasAll sets every counter to a value of its own and looks for it
// in the snapshot, in JSON and in Prometheus's text.
func TestSnapshotHasAll(t *testing.T) {
	var s Stats
	type adder struct {
		name  string
		value uint64
	}
	var set []adder
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name == "_" {
			continue
		}
		value := uint64(1000003 + i)
		switch f := v.Field(i).Addr().Interface().(type) {
		case interface{ Store(uint64) }:
			f.Store(value)
		case interface{ Store(int64) }:
			f.Store(int64(value))
		default:
			continue
		}
		set = append(set, adder{name, value})
	}
	if len(set) < 20 { // that the loop finds them
		t.Errorf("%d counters; want 20 and more", len(set))
	}
	c := s.Snapshot()
	js, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := s.WritePrometheus(&text); err != nil {
		t.Fatal(err)
	}
	for _, a := range set {
		f := reflect.ValueOf(c).Elem().FieldByName(a.name)
		var got uint64
		if f.CanUint() {
			got = f.Uint()
		} else {
			got = uint64(f.Int())
		}
		if got != a.value {
			t.Errorf("%s is %d in the snapshot; want %d", a.name, got, a.value)
		}
		digits := strconv.FormatUint(a.value, 10)
		if !bytes.Contains(js, []byte(":"+digits)) {
			t.Errorf("%s is not in %s", a.name, js)
		}
		if sample := strconv.FormatFloat(float64(a.value), 'f', -1, 64); !strings.Contains(text.String(), " "+sample+"\n") {
			t.Errorf("%s = %s is not in the exposition", a.name, sample)
		}
	}
}

// TestExposition reads the text as Prometheus does: every sample belongs to a
// declared metric, histograms are cumulative and in seconds.
func TestExposition(t *testing.T) {
	var s Stats
	s.Severity[3].Add(7)
	for _, ns := range []int64{40e3, 3e6, 3e6, 2e9, 100e9} {
		s.Latency.Record(ns)
	}
	var text bytes.Buffer
	if err := s.WritePrometheus(&text); err != nil {
		t.Fatal(err)
	}
	kinds, samples := parseExposition(t, text.String())
	const hist = "logserver_store_latency_seconds"
	if kinds[hist] != "histogram" || kinds["logserver_logs_stored_total"] != "counter" || kinds["logserver_queue_bytes"] != "gauge" {
		t.Errorf("kinds: %v", kinds)
	}
	for key, want := range map[string]float64{
		`logserver_severity_total{severity="err"}`: 7,
		hist + `_bucket{le="0.00005"}`:             1,
		hist + `_bucket{le="0.0025"}`:              1,
		hist + `_bucket{le="0.005"}`:               3,
		hist + `_bucket{le="60"}`:                  4,
		hist + `_bucket{le="+Inf"}`:                5,
		hist + `_count`:                            5,
		hist + `_sum`:                              102.00604,
	} {
		if got, ok := samples[key]; !ok || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v (there: %v); want %v", key, got, ok, want)
		}
	}
}

func parseExposition(t *testing.T, text string) (kinds map[string]string, samples map[string]float64) {
	t.Helper()
	kinds, samples = map[string]string{}, map[string]float64{}
	current := ""
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			if _, twice := kinds[name]; twice {
				t.Errorf("%s is declared twice", name)
			}
			kinds[name], current = kind, name
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		key, value, ok := strings.Cut(line, " ")
		v, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil || !strings.HasPrefix(key, current) {
			t.Errorf("bad sample %q of %s", line, current)
		}
		if _, twice := samples[key]; twice {
			t.Errorf("%s is there twice", key)
		}
		samples[key] = v
	}
	return kinds, samples
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, bytes.ErrTooLarge }

// TestExpositionError checks that a failed write is reported.
func TestExpositionError(t *testing.T) {
	if err := new(Stats).WritePrometheus(brokenWriter{}); err != bytes.ErrTooLarge {
		t.Errorf("error %v; want the writer's", err)
	}
}

// TestCPUTime burns CPU until it is counted.
func TestCPUTime(t *testing.T) {
	u0, s0 := CPUTime()
	deadline := time.Now().Add(10 * time.Second)
	for x := 0; ; x++ {
		u1, s1 := CPUTime()
		if u1+s1 > u0+s0 && u1 >= u0 && s1 >= s0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("CPU time stays at %v user, %v system", u1, s1)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	var h Histogram
	for i := range b.N {
		h.Record(int64(i) * 37)
	}
}
