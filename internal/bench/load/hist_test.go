package load

import (
	"math"
	"testing"
)

func TestBucketsAreNarrowAndInOrder(t *testing.T) {
	last := -1
	for v := int64(0); v < 1<<maxBits; v += v/97 + 1 {
		i := bucketOf(v)
		if i < last || i >= numBuckets {
			t.Fatalf("bucketOf(%d) = %d after %d, of %d", v, i, last, numBuckets)
		}
		last = i
		if off := math.Abs(float64(bucketMiddle(i) - v)); off > float64(v)/subBuckets+1 {
			t.Fatalf("bucketMiddle(bucketOf(%d)) = %d", v, bucketMiddle(i))
		}
	}
}

func TestBucketLimits(t *testing.T) {
	for v, want := range map[int64]int{-5: 0, 0: 0, 127: 127, 128: 128, 1<<maxBits - 1: numBuckets - 1, math.MaxInt64: numBuckets - 1} {
		if got := bucketOf(v); got != want {
			t.Errorf("bucketOf(%d) = %d, want %d", v, got, want)
		}
	}
}

func TestQuantile(t *testing.T) {
	var h Histogram
	if got := h.Quantile(.5); got != 0 {
		t.Errorf("quantile of nothing = %d", got)
	}
	for v := int64(1); v <= 10_000; v++ {
		h.Record(v * 1000)
	}
	for q, want := range map[float64]float64{0: 1e3, .5: 5e6, .99: 9.9e6, .999: 9.99e6, 1: 1e7} {
		if got := float64(h.Quantile(q)); math.Abs(got-want) > want/50 {
			t.Errorf("Quantile(%v) = %v, want %v", q, got, want)
		}
	}
	if h.Max() != 1e7 || h.Total() != 10_000 {
		t.Errorf("Max %d, Total %d", h.Max(), h.Total())
	}
}

func TestAdd(t *testing.T) {
	var a, b Histogram
	for range 9 {
		a.Record(10)
	}
	b.Record(1 << 20)
	a.Add(&b)
	if a.Total() != 10 || a.Quantile(.5) != 10 || a.Quantile(.99) != 1<<20 {
		t.Errorf("total %d, p50 %d, p99 %d", a.Total(), a.Quantile(.5), a.Quantile(.99))
	}
	a.Reset()
	if a.Total() != 0 || a.Max() != 0 {
		t.Error("Reset left something")
	}
}
