package store

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// A segment file is a segment header and then blocks. A block is a block header
// and a payload, compressed or not. A payload is records, one after the other; see
// record.go.
//
// Headers are of 64 bytes, little endian, and end in '\n':
//
//	segment header                    block header
//	 0  magic and version, 8 bytes     0  magic and version, 8 bytes
//	 8  run, 8                         8  run, 8
//	16  number of the segment, 8      16  number of records, 4
//	24  time of creation, 8           20  length of the payload, 4
//	32  zero                          24  length before compression, 4
//	59  CRC of bytes 0..58, 4         28  number of the batch in its lane, 8
//	63  '\n'                          36  least time of a record, 8
//	                                  44  greatest time of a record, 8
//	                                  52  lane, 2
//	                                  54  flags, 1
//	                                  55  CRC of the payload, 4
//	                                  59  CRC of bytes 0..58, 4
//	                                  63  '\n'
//
// The version is the same in both, and is that of the records: 2 is written, 1 is read
// too. Times are Unix nanoseconds, of messages and of their receipt alike, CRCs are
// CRC-32C. The run is a random number that
// each Open draws: run, lane and number identify a batch, also if it is in two
// segments, and a sender who puts what looks like a block into a message cannot
// have it taken for one where a segment is damaged.
const (
	version    = 2
	headerSize = 64
	headerCRC  = 59 // where it is, and the number of bytes that it covers

	flagZstd = 1

	minBatch = 512
	maxBatch = 16 << 20
	maxLanes = math.MaxUint16
)

var (
	segmentMagic = [7]byte{0x89, 'L', 'O', 'G', 'S', 'E', 'G'}
	blockMagic   = [7]byte{0x89, 'L', 'O', 'G', 'B', 'L', 'K'}

	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	le         = binary.LittleEndian
)

// A segmentHeader is what a segment says about itself.
type segmentHeader struct {
	run     uint64
	seq     uint64
	created int64
}

// put encodes h into b.
func (h *segmentHeader) put(b *[headerSize]byte) {
	*b = [headerSize]byte{}
	copy(b[:], segmentMagic[:])
	b[7] = version
	le.PutUint64(b[8:], h.run)
	le.PutUint64(b[16:], h.seq)
	le.PutUint64(b[24:], uint64(h.created))
	closeHeader(b)
}

// get decodes b, and reports whether it is a segment header.
func (h *segmentHeader) get(b *[headerSize]byte) bool {
	if [7]byte(b[:7]) != segmentMagic || b[7] < 1 || b[7] > version || !headerIntact(b) {
		return false
	}
	h.run = le.Uint64(b[8:])
	h.seq = le.Uint64(b[16:])
	h.created = int64(le.Uint64(b[24:]))
	return true
}

// A blockHeader is what a block says about itself.
type blockHeader struct {
	version     uint8
	run         uint64
	records     uint32
	length      uint32 // of the payload as it is in the file
	raw         uint32 // of the payload before compression
	seq         uint64
	first, last int64
	lane        uint16
	flags       uint8
	crc         uint32
}

// put encodes h into b.
func (h *blockHeader) put(b *[headerSize]byte) {
	copy(b[:], blockMagic[:])
	b[7] = version
	le.PutUint64(b[8:], h.run)
	le.PutUint32(b[16:], h.records)
	le.PutUint32(b[20:], h.length)
	le.PutUint32(b[24:], h.raw)
	le.PutUint64(b[28:], h.seq)
	le.PutUint64(b[36:], uint64(h.first))
	le.PutUint64(b[44:], uint64(h.last))
	le.PutUint16(b[52:], h.lane)
	b[54] = h.flags
	le.PutUint32(b[55:], h.crc)
	closeHeader(b)
}

// get decodes b, and reports whether it is a block header.
func (h *blockHeader) get(b *[headerSize]byte) bool {
	if [7]byte(b[:7]) != blockMagic || b[7] < 1 || b[7] > version || !headerIntact(b) {
		return false
	}
	*h = blockHeader{
		version: b[7],
		run:     le.Uint64(b[8:]),
		records: le.Uint32(b[16:]),
		length:  le.Uint32(b[20:]),
		raw:     le.Uint32(b[24:]),
		seq:     le.Uint64(b[28:]),
		first:   int64(le.Uint64(b[36:])),
		last:    int64(le.Uint64(b[44:])),
		lane:    le.Uint16(b[52:]),
		flags:   b[54],
		crc:     le.Uint32(b[55:]),
	}
	return h.length <= maxBatch && h.raw <= maxBatch
}

func closeHeader(b *[headerSize]byte) {
	le.PutUint32(b[headerCRC:], crc32.Checksum(b[:headerCRC], castagnoli))
	b[headerSize-1] = '\n'
}

func headerIntact(b *[headerSize]byte) bool {
	return b[headerSize-1] == '\n' &&
		le.Uint32(b[headerCRC:]) == crc32.Checksum(b[:headerCRC], castagnoli)
}
