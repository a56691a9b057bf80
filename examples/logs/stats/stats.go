package stats

import "sync/atomic"

// pad keeps counters that different goroutines write off each other's cache
// lines.
type pad [64]byte

// Stats are a log server's counters, one Stats for each server. The zero value
// is ready. Every field may be changed and read by several goroutines at once;
// who counts per log should add up a chunk's logs first.
type Stats struct {
	// Received counts logs that were framed and parsed, the malformed too.
	Received atomic.Uint64
	// Malformed counts logs whose header could not be parsed; they are stored.
	Malformed atomic.Uint64
	// Oversized counts logs that were cut to the longest length allowed.
	Oversized atomic.Uint64
	// Refused counts bad frames; each ends its connection.
	Refused atomic.Uint64
	// BytesIn counts bytes received from connections.
	BytesIn atomic.Uint64
	// Severity counts received logs by severity, 0 (emergency) to 7 (debug).
	Severity [8]atomic.Uint64
	// Acks counts acknowledgements sent.
	Acks atomic.Uint64

	_ pad

	// Conns is the number of connections open now.
	Conns atomic.Int64
	// ConnsTotal counts the connections ever taken.
	ConnsTotal atomic.Int64
	// ConnsRejected counts the connections closed at once for being too many, or
	// not allowed.
	ConnsRejected atomic.Int64
	// ConnErrors counts connections that an error ended: a bad frame, TLS
	// junk, a reset.
	ConnErrors atomic.Int64
	// Paused is the number of connections held back now because the store
	// cannot take more.
	Paused atomic.Int64

	_ pad

	// Stored counts logs that are as durable as was asked for.
	Stored atomic.Uint64
	// BytesStored counts the bytes of their messages.
	BytesStored atomic.Uint64
	// BytesWritten counts bytes written to files, after compression.
	BytesWritten atomic.Uint64
	// Batches counts batches written.
	Batches atomic.Uint64
	// Syncs counts fdatasync calls that succeeded.
	Syncs atomic.Uint64
	// WriteErrors counts failed writes, syncs and creations of files.
	WriteErrors atomic.Uint64
	// Rotations counts segments begun after the first.
	Rotations atomic.Uint64
	// Removed counts old segments that were removed.
	Removed atomic.Uint64
	// Damaged counts damages found when the store was opened: what cannot be read
	// is set aside.
	Damaged atomic.Uint64
	// QueueBatches is the number of batches sealed and not yet written.
	QueueBatches atomic.Int64
	// QueueBytes is the number of bytes in them.
	QueueBytes atomic.Int64
	// Latency holds the nanoseconds from the receipt of a batch's first log
	// until the batch was stored.
	Latency Histogram

	// Sources is who sends logs. It is not part of a Snapshot.
	Sources Sources
}

// Snapshot is a copy of a Stats. Fields are read one after the other, so they
// may be apart by what happened in between.
type Snapshot struct {
	Received      uint64    `json:"received"`
	Stored        uint64    `json:"stored"`
	Malformed     uint64    `json:"malformed"`
	Oversized     uint64    `json:"oversized"`
	Refused       uint64    `json:"refused"`
	BytesIn       uint64    `json:"bytes_in"`
	BytesStored   uint64    `json:"bytes_stored"`
	BytesWritten  uint64    `json:"bytes_written"`
	Severity      [8]uint64 `json:"severity"`
	Conns         int64     `json:"conns"`
	ConnsTotal    int64     `json:"conns_total"`
	ConnsRejected int64     `json:"conns_rejected"`
	ConnErrors    int64     `json:"conn_errors"`
	Acks          uint64    `json:"acks"`
	Batches       uint64    `json:"batches"`
	Syncs         uint64    `json:"syncs"`
	WriteErrors   uint64    `json:"write_errors"`
	Rotations     uint64    `json:"rotations"`
	Removed       uint64    `json:"removed"`
	Damaged       uint64    `json:"damaged"`
	QueueBatches  int64     `json:"queue_batches"`
	QueueBytes    int64     `json:"queue_bytes"`
	Paused        int64     `json:"paused"`

	// Latency is the whole distribution; ask it for quantiles.
	Latency HistogramSnapshot `json:"-"`
}

// Snapshot copies the counters as they are now.
func (s *Stats) Snapshot() *Snapshot {
	c := &Snapshot{
		// Stored before Received, so that a snapshot never shows more stored
		// than received.
		Stored:        s.Stored.Load(),
		Received:      s.Received.Load(),
		Malformed:     s.Malformed.Load(),
		Oversized:     s.Oversized.Load(),
		Refused:       s.Refused.Load(),
		BytesStored:   s.BytesStored.Load(),
		BytesIn:       s.BytesIn.Load(),
		BytesWritten:  s.BytesWritten.Load(),
		Conns:         s.Conns.Load(),
		ConnsTotal:    s.ConnsTotal.Load(),
		ConnsRejected: s.ConnsRejected.Load(),
		ConnErrors:    s.ConnErrors.Load(),
		Acks:          s.Acks.Load(),
		Batches:       s.Batches.Load(),
		Syncs:         s.Syncs.Load(),
		WriteErrors:   s.WriteErrors.Load(),
		Rotations:     s.Rotations.Load(),
		Removed:       s.Removed.Load(),
		Damaged:       s.Damaged.Load(),
		QueueBatches:  s.QueueBatches.Load(),
		QueueBytes:    s.QueueBytes.Load(),
		Paused:        s.Paused.Load(),
	}
	for i := range s.Severity {
		c.Severity[i] = s.Severity[i].Load()
	}
	s.Latency.Snapshot(&c.Latency)
	return c
}
