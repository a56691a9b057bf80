package poller

import "testing"

// A ring crowds another out if its own receives find bytes without waiting, and
// the other has work to do and has not moved for a while. It looks now and then.
func TestCrowds(t *testing.T) {
	p, err := New(Config{Rings: 2, Mode: Shared})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r, q := p.rings[0], p.rings[1]
	now := nanotime() + int64(restAfter) // nothing else looks that far ahead
	for _, c := range []struct {
		name   string
		hits   uint64
		still  int64 // for how long q has not moved
		expect int32 // goroutines that q has woken
		queued int32
		want   bool
	}{
		{"woken goroutines do not come back", cedeHits, 2 * int64(cedeEvery), 1, 0, true},
		{"requests are not submitted", cedeHits, 2 * int64(cedeEvery), 0, 1, true},
		{"nothing to do", cedeHits, 2 * int64(cedeEvery), 0, 0, false},
		{"has moved", cedeHits, int64(cedeEvery) / 2, 1, 0, false},
		{"at rest", cedeHits, 2 * int64(restAfter), 1, 0, false},
		{"waits itself", cedeHits - 1, 2 * int64(cedeEvery), 1, 0, false},
	} {
		now += 2 * int64(cedeEvery)
		r.stat.directHits.Add(c.hits)
		q.reaped.Store(now - c.still)
		q.expect.Store(c.expect)
		q.queued.Store(c.queued)
		if got := r.crowds(now); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	r.stat.directHits.Add(cedeHits)
	q.reaped.Store(now - 2*int64(cedeEvery))
	q.expect.Store(1)
	if r.crowds(now + int64(cedeEvery)/2) {
		t.Error("it looks again at once")
	}
	if !r.crowds(now + int64(cedeEvery)) {
		t.Error("it does not look again")
	}
	q.expect.Store(0)
	q.queued.Store(0)
}
