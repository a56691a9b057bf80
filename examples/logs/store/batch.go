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
	first, last int64  // least and greatest time of a record
	arrived     time.Time
	ready       bool // wire is made; under Store.mu

	waiters []waiting
	err     error // what to tell them
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
	*b = batch{
		raw: b.raw, n: headerSize, room: b.room, zstd: b.zstd,
		first: math.MaxInt64, last: math.MinInt64, waiters: b.waiters[:0],
	}
}

// fits reports whether there is room for a message of n bytes.
func (b *batch) fits(n int) bool { return n <= b.room-b.n-recordOverhead }

// add appends a record that fits.
func (b *batch) add(meta byte, t int64, msg []byte) {
	buf := b.raw[b.n:b.room]
	i, x := 0, uint(len(msg))
	for ; x >= 0x80; x >>= 7 {
		buf[i] = byte(x) | 0x80
		i++
	}
	buf[i] = byte(x)
	buf[i+1] = meta
	i += 2
	i += copy(buf[i:], msg)
	buf[i] = '\n'
	b.n += i + 1
	b.records++
	b.bytes += uint64(len(msg))
	b.first = min(b.first, t)
	b.last = max(b.last, t)
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
