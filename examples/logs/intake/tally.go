package intake

import (
	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A tally counts a chunk's records, so that the counters that all sessions
// share are changed once a chunk.
type tally struct {
	received, malformed uint64
	bytes               uint64 // of messages
	severity            [8]uint32
}

// note counts a record of a message of size bytes.
func (t *tally) note(m *store.Meta, size int) {
	t.received++
	t.bytes += uint64(size)
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
	received, bytes := in.received, in.bytes
	in.add(st)
	if received > 0 {
		if in.x.paced != nil {
			in.x.paced.Received(int(received))
		}
		if key, known := in.x.sourceKey(); known {
			st.Sources.Count(key, received, bytes, in.nano)
		}
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
