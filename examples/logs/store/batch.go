package store

import (
	"hash/crc32"
	"math"
	"time"
)

// A batch is records of one lane that become a block. It belongs to its lane
// until it is sealed, then to the writer, then to the notifier.
type batch struct {
	raw  []byte // room for the header, then records
	n    int    // how much of raw is used, with the header
	room int    // how much may be used

	zstd []byte // the same size as raw if there is compression, else nil
	wire []byte // the block as it is written: a part of raw or of zstd; nil: not made

	lane        *Lane
	seq         uint64
	records     uint32
	bytes       uint64 // of messages
	first, last int64  // least and greatest time of a record, and of its receipt
	received    int64  // of the last record
	sources     uint64 // how many are numbered
	arrived     time.Time
	ready       bool // wire is made; under Store.mu

	waiters []waiting
	err     error // what to tell them

	summary   Index             // of its records; see indexed
	host      string            // of the last record that named one,
	hostN     uint64            // and how many in a row, not yet in summary
	hostNames map[string]string // so that each is allocated once
}

// A waiting is somebody to be told that a batch is stored.
type waiting struct {
	w   Waiter
	seq uint64
}

// newBatch makes a batch of buffers that have the same size; zstd may be nil.
func newBatch(raw, zstd []byte) *batch {
	b := &batch{raw: raw, zstd: zstd, room: len(raw)}
	b.reset()
	return b
}

// reset makes b ready for its next use.
func (b *batch) reset() {
	clear(b.waiters) // do not keep sessions alive
	clear(b.hostNames)
	clear(b.summary.Hosts)
	*b = batch{
		hostNames: b.hostNames, summary: Index{Hosts: b.summary.Hosts},
		raw: b.raw, n: headerSize, room: b.room, zstd: b.zstd,
		first: math.MaxInt64, last: math.MinInt64, waiters: b.waiters[:0],
	}
}

// fits reports whether there is room for a message of n bytes of src, which may be nil.
func (b *batch) fits(n int, src *Source) bool {
	if src != nil && !b.knows(src) {
		n += sourceSize(src)
	}
	return n <= b.room-b.n-recordOverhead
}

// knows reports whether src has a number in b.
func (b *batch) knows(src *Source) bool { return src.batch == b && src.seq == b.seq }

// add appends a record that fits.
func (b *batch) add(m *Meta, msg []byte) {
	buf := b.raw[:b.n]
	number := uint64(0)
	if src := m.Source; src != nil {
		if !b.knows(src) {
			b.sources++
			src.batch, src.seq, src.number = b, b.seq, b.sources
			buf = putSource(buf, src)
		}
		number = src.number
	}
	buf = putRecord(buf, m, number, b.received, msg)
	b.n = len(buf)
	b.received = m.Received
	b.records++
	b.bytes += uint64(len(msg))
	b.index(m, len(msg))
	b.first, b.last = min(b.first, m.Received), max(b.last, m.Received)
	if m.Time != 0 {
		b.first, b.last = min(b.first, m.Time), max(b.last, m.Time)
	}
}

// size is that of the block.
func (b *batch) size() int {
	if b.wire != nil {
		return len(b.wire)
	}
	return b.n
}

// block returns the block, made at first use: shortly before it is written,
// while it is in the cache. Compressed ones have been made.
func (b *batch) block(run uint64) []byte {
	if b.wire == nil {
		b.finish(run, nil)
	}
	return b.wire
}

// finish makes the block of what was added. compress, if not nil, appends the
// compressed payload to the slice given; it is used if that is shorter.
func (b *batch) finish(run uint64, compress func(payload, dst []byte) []byte) {
	b.wire = b.raw[:b.n]
	h := blockHeader{
		run:     run,
		records: b.records,
		raw:     uint32(b.n - headerSize),
		seq:     b.seq,
		first:   b.first,
		last:    b.last,
		lane:    uint16(b.lane.number),
	}
	if compress != nil {
		z := compress(b.raw[headerSize:b.n], b.zstd[:headerSize])
		if len(z) < b.n && len(z) <= len(b.zstd) {
			b.wire = b.zstd[:len(z)]
			h.flags = flagZstd
		}
	}
	payload := b.wire[headerSize:]
	h.length = uint32(len(payload))
	h.crc = crc32.Checksum(payload, castagnoli)
	h.put((*[headerSize]byte)(b.wire))
}
