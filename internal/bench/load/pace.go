package load

import "time"

// drainLimit is how long the replies still to come after the end of a slice are
// waited for.
const drainLimit = 10 * time.Second

// Pace is a constant rate of requests. They become due whether or not earlier
// ones were answered, and their time counts from then, so that a server that
// stands still is charged for all that should have come meanwhile.
type Pace struct {
	// Rate is how many requests a second become due, on the connections in turn.
	Rate float64
	// Burst is how many of them become due at the same instant; 0 is 1.
	Burst int
}

// schedule says when the requests of one slice are due, by the load's clock.
type schedule struct {
	begin int64
	every float64 // nanoseconds between bursts
	burst int
	total int // requests of the slice
}

func newSchedule(p Pace, begin int64, d time.Duration) schedule {
	s := schedule{begin: begin, burst: max(1, p.Burst)}
	s.every = float64(time.Second) * float64(s.burst) / p.Rate
	// As many whole bursts as begin in the slice, one at least.
	s.total = max(1, int(float64(d)/s.every)) * s.burst
	return s
}

// due is when a request is to be sent.
func (s *schedule) due(request int) int64 {
	return s.begin + int64(float64(request/s.burst)*s.every)
}
