package intake

// A tally counts a chunk's records, so that the counters that all sessions
// share are changed once a chunk.
type tally struct {
	received, malformed uint64
	bytes               uint64 // of messages
	severity            [8]uint32
}

// count adds a chunk to the counters.
func (in *input) count() {
	st := in.x.srv.stats
	if t := &in.tally; t.received > 0 {
		st.Received.Add(t.received)
		if in.x.paced != nil {
			in.x.paced.Received(int(t.received))
		}
		if key, known := in.x.sourceKey(); known {
			st.Sources.Count(key, t.received, t.bytes, in.nano)
		}
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
