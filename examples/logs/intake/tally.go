package intake

import (
	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A tally counts a chunk's records, so that the counters that all sessions
// share are changed once a chunk.
type tally struct {
	received, malformed uint64
	severity            [8]uint32
}

// note counts a record.
func (t *tally) note(m *store.Meta) {
	t.received++
	t.severity[m.Severity&7]++
	if m.Malformed {
		t.malformed++
	}
}

// add adds what was counted to the counters, and begins anew.
func (t *tally) add(st *stats.Stats) {
	if t.received == 0 {
		return
	}
	st.Received.Add(t.received)
	if t.malformed > 0 {
		st.Malformed.Add(t.malformed)
	}
	for i, n := range t.severity {
		if n > 0 {
			st.Severity[i].Add(uint64(n))
		}
	}
	*t = tally{}
}

// count adds a chunk to the counters.
func (in *input) count() {
	st := in.x.srv.stats
	received := in.received
	in.add(st)
	if received > 0 && in.x.paced != nil {
		in.x.paced.Received(int(received))
	}
	n := in.oversized
	switch {
	case in.lines != nil:
		n = in.lines.Oversized
	case in.relp != nil:
		n = in.relp.Oversized
	}
	if n != in.oversized {
		st.Oversized.Add(n - in.oversized)
		in.oversized = n
	}
}
