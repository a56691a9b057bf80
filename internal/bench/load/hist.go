package load

import "math/bits"

// subBits is how many bits of a value a bucket keeps: 64 buckets for each
// power of two, so a percentile is within 1.6 % of the truth.
const (
	subBits    = 6
	subBuckets = 1 << subBits
	maxBits    = 37 // 2^37 ns is 137 s, longer than any slice
	numBuckets = (maxBits - subBits + 1) * subBuckets
)

// Histogram counts durations in nanoseconds in buckets of equal relative
// width. The zero value is empty.
type Histogram struct {
	counts [numBuckets]uint64
	total  uint64
	max    int64
}

// bucketOf returns the bucket of v.
func bucketOf(v int64) int {
	if v < 0 {
		v = 0
	}
	if v >= 1<<maxBits {
		v = 1<<maxBits - 1
	}
	if v < 2*subBuckets {
		return int(v)
	}
	shift := bits.Len64(uint64(v)) - subBits - 1
	return shift*subBuckets + int(v>>shift)
}

// bucketMiddle returns the value in the middle of a bucket.
func bucketMiddle(i int) int64 {
	if i < 2*subBuckets {
		return int64(i)
	}
	shift := i/subBuckets - 1
	low := int64(i-shift*subBuckets) << shift
	return low + int64(1)<<shift/2
}

// Record adds one duration.
func (h *Histogram) Record(ns int64) {
	h.counts[bucketOf(ns)]++
	h.total++
	if ns > h.max {
		h.max = ns
	}
}

// Add adds every duration of other.
func (h *Histogram) Add(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}

// Reset empties the histogram.
func (h *Histogram) Reset() { *h = Histogram{} }

// Total returns how many durations were recorded.
func (h *Histogram) Total() uint64 { return h.total }

// Max returns the longest duration recorded.
func (h *Histogram) Max() int64 { return h.max }

// Quantile returns the duration that a share q (0 to 1) of all durations does
// not exceed; 0 if there are none.
func (h *Histogram) Quantile(q float64) int64 {
	if h.total == 0 {
		return 0
	}
	rank := uint64(q * float64(h.total))
	if rank >= h.total {
		return h.max
	}
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen > rank {
			return min(bucketMiddle(i), h.max)
		}
	}
	return h.max
}
