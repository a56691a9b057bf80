package stats

import (
	"math"
	"math/bits"
	"sync/atomic"
)

// Values below linear have a bucket each; above, every power of two is cut
// into perOctave buckets of one width, which is a 64th of the value at most.
// The middle of a bucket is thus within 0.8 % of any value in it.
const (
	perOctaveBits = 6
	perOctave     = 1 << perOctaveBits
	linear        = 2 * perOctave
	topBits       = 40 // 2^40 ns is 18 minutes; what is longer counts as that
	buckets       = linear + (topBits-perOctaveBits-1)*perOctave
)

// bucket returns the index of ns.
func bucket(ns int64) int {
	v := uint64(min(max(ns, 0), 1<<topBits-1))
	if v < linear {
		return int(v)
	}
	octave := bits.Len64(v) - perOctaveBits - 1 // 1 for the first above linear
	return octave*perOctave + int(v>>octave)
}

// limits returns the least and the greatest value of bucket i.
func limits(i int) (least, greatest int64) {
	if i < linear {
		return int64(i), int64(i)
	}
	octave := i/perOctave - 1
	least = int64(i-octave*perOctave) << octave
	return least, least + 1<<octave - 1
}

// Histogram counts durations in buckets of one relative width. The zero value
// is empty. Several goroutines may Record while others take snapshots.
type Histogram struct {
	counts [buckets]atomic.Uint64
	sum    atomic.Uint64
}

// Record adds one duration in nanoseconds; a negative one counts as 0.
func (h *Histogram) Record(ns int64) {
	h.counts[bucket(ns)].Add(1)
	h.sum.Add(uint64(max(ns, 0)))
}

// Snapshot copies the histogram into s.
func (h *Histogram) Snapshot(s *HistogramSnapshot) {
	s.count = 0
	for i := range h.counts {
		n := h.counts[i].Load()
		s.counts[i] = n
		s.count += n
	}
	s.sum = h.sum.Load()
}

// HistogramSnapshot is a copy of a Histogram, or the difference of two. It is
// large (some 18 KiB); pass it by pointer.
type HistogramSnapshot struct {
	counts [buckets]uint64
	count  uint64
	sum    uint64
}

// Count returns how many durations there are.
func (s *HistogramSnapshot) Count() uint64 { return s.count }

// Sum returns the nanoseconds of all of them.
func (s *HistogramSnapshot) Sum() uint64 { return s.sum }

// Sub takes away what was there at before, an earlier snapshot of the same
// Histogram: what stays was recorded in between.
func (s *HistogramSnapshot) Sub(before *HistogramSnapshot) {
	for i, n := range before.counts {
		s.counts[i] -= n
	}
	s.count -= before.count
	s.sum -= before.sum
}

// Quantile returns the nanoseconds that a share q (0 to 1) of the durations
// does not exceed, within 0.8 %; 0 if there are none.
func (s *HistogramSnapshot) Quantile(q float64) int64 {
	if s.count == 0 {
		return 0
	}
	rank := min(uint64(math.Ceil(max(q, 0)*float64(s.count))), s.count)
	var seen uint64
	for i, n := range s.counts {
		if seen += n; seen >= max(rank, 1) {
			least, greatest := limits(i)
			return least + (greatest-least)/2
		}
	}
	return 0 // not reached: seen ends at count
}

// AtMost returns how many durations are ns nanoseconds or less. Those in the
// bucket of ns count only if the whole bucket does.
func (s *HistogramSnapshot) AtMost(ns int64) (n uint64) {
	for i := range s.counts {
		if _, greatest := limits(i); greatest > ns {
			break
		}
		n += s.counts[i]
	}
	return n
}
