package store

import (
	"encoding/binary"
	"errors"
)

// A record, in version 2:
//
//	uvarint  length of the message
//	byte     '0' + severity, + 8 if the message was malformed
//	byte     facility * 8 + flags: 1 cut, 2 continued by the next, 4 has a time
//	uvarint  number of its source in the block; 0: not known
//	varint   receipt, less that of the record before it in the block (the first: less 0)
//	varint   the message's time, less the receipt; only if it has one
//	...      the message
//	byte     '\n', so that grep -a works on what is not compressed
//
// The first record of a source in a block comes behind what numbers it, the first in the
// block 1, the next 2:
//
//	uvarint  length of what follows the 'S'
//	byte     'S'
//	...      peer, listener, TLS subject: of each a uvarint, its length, and the string
//	byte     '\n'
//
// In version 1 a record has a length, the first byte, the message and the '\n'.
const (
	metaBase      = '0'
	metaMalformed = 8
	metaSource    = 'S'

	flagCut  = 1
	flagMore = 2
	flagTime = 4

	// recordOverhead is what a record takes besides its message, at most.
	recordOverhead = 5 + 1 + 1 + 5 + binary.MaxVarintLen64 + binary.MaxVarintLen64 + 1

	// maxSourceString is how much of each of a Source's strings is kept, in bytes.
	maxSourceString = 512
)

var errRecord = errors.New("a record's length or mark is wrong")

// sourceSize is what the definition of a source takes, at most.
func sourceSize(src *Source) int {
	n := 2 + 1 + 1
	for _, text := range src.strings() {
		n += 2 + len(text)
	}
	return n
}

// strings are what is kept of a source.
func (src *Source) strings() [3]string {
	list := [3]string{src.Peer, src.Listener, src.Subject}
	for i, text := range list {
		list[i] = text[:min(len(text), maxSourceString)]
	}
	return list
}

// putSource appends the definition of a source.
func putSource(b []byte, src *Source) []byte {
	n := 0
	for _, text := range src.strings() {
		n += uvarintLen(uint64(len(text))) + len(text)
	}
	b = binary.AppendUvarint(b, uint64(n))
	b = append(b, metaSource)
	for _, text := range src.strings() {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return append(b, '\n')
}

func uvarintLen(x uint64) (n int) {
	for n = 1; x >= 0x80; n++ {
		x >>= 7
	}
	return n
}

// putRecord appends a record. before is the receipt of the one before it.
func putRecord(b []byte, m *Meta, source uint64, before int64, msg []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(msg)))
	mark := metaBase + m.Severity&7
	if m.Malformed {
		mark += metaMalformed
	}
	b = append(b, mark, (m.Facility&31)<<3|flags(m))
	b = binary.AppendUvarint(b, source)
	b = binary.AppendVarint(b, m.Received-before)
	if m.Time != 0 {
		b = binary.AppendVarint(b, m.Time-m.Received)
	}
	b = append(b, msg...)
	return append(b, '\n')
}

func flags(m *Meta) (f byte) {
	if m.Cut {
		f |= flagCut
	}
	if m.More {
		f |= flagMore
	}
	if m.Time != 0 {
		f |= flagTime
	}
	return f
}

// A recordReader takes records off a payload.
type recordReader struct {
	version uint8
	rest    []byte
	before  int64
	sources []*Source
}

// next reads the next record into r, whose place in the store stays as it is. It returns
// false at the end.
func (p *recordReader) next(r *Record) (bool, error) {
	for len(p.rest) > 0 {
		n, mark, ok := p.head()
		if !ok {
			return false, errRecord
		}
		if mark == metaSource && p.version > 1 {
			if !p.source(n) {
				return false, errRecord
			}
			continue
		}
		if mark < metaBase || mark >= metaBase+2*metaMalformed || !p.record(n, r) {
			return false, errRecord
		}
		r.Severity = (mark - metaBase) & 7
		r.Malformed = (mark-metaBase)&metaMalformed != 0
		return true, nil
	}
	return false, nil
}

// head takes off a length and a mark.
func (p *recordReader) head() (n uint64, mark byte, ok bool) {
	if n, ok = p.uvarint(); !ok || n > maxBatch || len(p.rest) == 0 {
		return 0, 0, false
	}
	mark, p.rest = p.rest[0], p.rest[1:]
	return n, mark, true
}

// body takes off n bytes and the end behind them.
func (p *recordReader) body(n uint64) ([]byte, bool) {
	if uint64(len(p.rest)) < n+1 || p.rest[n] != '\n' {
		return nil, false
	}
	b := p.rest[:n:n]
	p.rest = p.rest[n+1:]
	return b, true
}

// record takes off the rest of a record.
func (p *recordReader) record(n uint64, r *Record) (ok bool) {
	r.Version, r.Facility, r.Cut, r.More, r.Time, r.Received, r.Source = p.version, 0, false, false, 0, 0, nil
	if p.version > 1 && !p.meta(r) {
		return false
	}
	r.Msg, ok = p.body(n)
	return ok
}

// meta takes off what version 2 has besides.
func (p *recordReader) meta(r *Record) bool {
	if len(p.rest) == 0 {
		return false
	}
	f := p.rest[0]
	p.rest = p.rest[1:]
	r.Facility, r.Cut, r.More = f>>3, f&flagCut != 0, f&flagMore != 0
	number, ok := p.uvarint()
	if !ok || number > uint64(len(p.sources)) {
		return false
	}
	if number > 0 {
		r.Source = p.sources[number-1]
	}
	delta, ok := p.varint()
	if !ok {
		return false
	}
	p.before += delta
	r.Received = p.before
	if f&flagTime != 0 {
		if delta, ok = p.varint(); !ok {
			return false
		}
		r.Time = r.Received + delta
	}
	return true
}

// source takes off the definition of a source, of n bytes.
func (p *recordReader) source(n uint64) bool {
	b, ok := p.body(n)
	if !ok {
		return false
	}
	var text [3]string
	for i := range text {
		k, used := binary.Uvarint(b)
		if used <= 0 || k > uint64(len(b)-used) {
			return false
		}
		text[i] = string(b[used : used+int(k)])
		b = b[used+int(k):]
	}
	p.sources = append(p.sources, &Source{Peer: text[0], Listener: text[1], Subject: text[2]})
	return len(b) == 0
}

func (p *recordReader) uvarint() (uint64, bool) {
	x, n := binary.Uvarint(p.rest)
	if n <= 0 {
		return 0, false
	}
	p.rest = p.rest[n:]
	return x, true
}

func (p *recordReader) varint() (int64, bool) {
	x, n := binary.Varint(p.rest)
	if n <= 0 {
		return 0, false
	}
	p.rest = p.rest[n:]
	return x, true
}
