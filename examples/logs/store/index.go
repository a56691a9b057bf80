package store

import (
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"maps"
	"slices"
)

// An Index says what is in a segment. A segment that was closed in order ends in its
// index; one that a crash has ended has none. It follows the last block:
//
//	indexMagic, the Index as JSON, and a header as blocks have it:
//	 0  indexMagic, 8
//	 8  run, 8
//	16  length of magic and JSON, 4
//	20  their CRC, 4
//	24  zero
//	59  CRC of bytes 0..58, 4
//	63  '\n'
type Index struct {
	Records    uint64    `json:"records"`
	Bytes      uint64    `json:"bytes"` // of messages
	First      int64     `json:"first"` // least and greatest time of a record and of
	Last       int64     `json:"last"`  // its receipt, Unix nanoseconds
	Severities [8]uint64 `json:"severities"`
	Malformed  uint64    `json:"malformed"`
	Cut        uint64    `json:"cut"`
	// Hosts counts records by the host that they name, of the first maxIndexHosts;
	// Others are of further ones. Records that name none are in neither.
	Hosts  map[string]uint64 `json:"hosts"`
	Others uint64            `json:"others"`
}

// maxIndexHosts bounds an index: where there are more, it does not say which.
const maxIndexHosts = 1000

// maxIndexHost is the length of the longest host in bytes that is told by its name.
const maxIndexHost = 255

var indexMagic = [8]byte{0x89, 'L', 'O', 'G', 'I', 'D', 'X', version}

// add adds what another index says.
func (x *Index) add(y *Index) {
	if y.Records == 0 {
		return
	}
	if x.Records == 0 {
		x.First, x.Last = y.First, y.Last
	}
	x.First, x.Last = min(x.First, y.First), max(x.Last, y.Last)
	x.Records += y.Records
	x.Bytes += y.Bytes
	for i, n := range y.Severities {
		x.Severities[i] += n
	}
	x.Malformed += y.Malformed
	x.Cut += y.Cut
	x.Others += y.Others
	for host, n := range y.Hosts {
		x.host(host, n)
	}
}

func (x *Index) host(host string, n uint64) {
	if x.Hosts == nil {
		x.Hosts = map[string]uint64{}
	}
	if _, known := x.Hosts[host]; !known && len(x.Hosts) >= maxIndexHosts {
		x.Others += n
		return
	}
	x.Hosts[host] += n
}

// May reports whether there may be a record of that host.
func (x *Index) May(host string) bool { return x.Others > 0 || x.Hosts[host] > 0 }

// HostNames are the hosts that are told by name, sorted.
func (x *Index) HostNames() []string { return slices.Sorted(maps.Keys(x.Hosts)) }

// encode is the index as it ends a segment.
func (x *Index) encode(run uint64) []byte {
	text, err := json.Marshal(x)
	if err != nil {
		return nil // there is nothing in it that cannot be encoded
	}
	b := append(indexMagic[:], text...)
	var h [headerSize]byte
	copy(h[:], indexMagic[:])
	le.PutUint64(h[8:], run)
	le.PutUint32(h[16:], uint32(len(b)))
	le.PutUint32(h[20:], crc32.Checksum(b, castagnoli))
	closeHeader(&h)
	return append(b, h[:]...)
}

// readIndex reads the index at the end of a file of size bytes. text is it as JSON, nil if
// there is none; data is where the blocks end.
func readIndex(f io.ReaderAt, size int64) (text []byte, data int64, err error) {
	var h [headerSize]byte
	if size < 2*headerSize {
		return nil, size, nil
	}
	if _, err := f.ReadAt(h[:], size-headerSize); err != nil {
		if errors.Is(err, io.EOF) {
			err = nil // cut meanwhile
		}
		return nil, size, err
	}
	n := int64(le.Uint32(h[16:]))
	if [8]byte(h[:8]) != indexMagic || !headerIntact(&h) || n > size-2*headerSize || n > maxBatch || n < int64(len(indexMagic)) {
		return nil, size, nil
	}
	b := make([]byte, n)
	data = size - headerSize - n
	if _, err := f.ReadAt(b, data); err != nil {
		return nil, size, err
	}
	if crc32.Checksum(b, castagnoli) != le.Uint32(h[20:]) {
		return nil, size, nil
	}
	return b[len(indexMagic):], data, nil
}

// dataEnd is where the blocks of a file of size bytes end.
func dataEnd(f io.ReaderAt, size int64) (int64, error) {
	_, data, err := readIndex(f, size)
	return data, err
}

// Index returns the index of a segment; nil if it has none.
func (s *Scanner) Index(path string) (*Index, error) {
	f, err := s.disk().Open(path, false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text, _, err := readIndex(f, info.Size())
	x := new(Index)
	if err != nil || text == nil || json.Unmarshal(text, x) != nil {
		return nil, err
	}
	return x, nil
}

// index adds to a batch's part of the index what is known of a record.
func (b *batch) index(m *Meta, size int) {
	x := &b.summary
	x.Bytes += uint64(size)
	x.Severities[m.Severity&7]++
	if m.Malformed {
		x.Malformed++
	}
	if m.Cut {
		x.Cut++
	}
	if len(m.Host) == 0 {
		return
	}
	if string(m.Host) != b.host { // they come in rows
		if b.hostN > 0 {
			x.host(b.host, b.hostN)
		}
		b.hostN = 0
		if len(m.Host) > maxIndexHost {
			x.Others++
			b.host = ""
			return
		}
		if string(m.Host) != b.host {
			b.host = b.hostName(m.Host)
		}
	}
	b.hostN++
}

// hostName is a host as a string, made once for each batch.
func (b *batch) hostName(host []byte) string {
	if name, ok := b.hostNames[string(host)]; ok {
		return name
	}
	if b.hostNames == nil {
		b.hostNames = map[string]string{}
	}
	name := string(host)
	b.hostNames[name] = name
	return name
}

// indexed completes the batch's part of the index.
func (b *batch) indexed() *Index {
	x := &b.summary
	x.Records, x.First, x.Last = uint64(b.records), b.first, b.last
	if b.hostN > 0 {
		x.host(b.host, b.hostN)
		b.hostN = 0
	}
	return x
}

// writeIndex ends a segment of which nothing has failed with its index, which nobody
// needs: without it segments are read instead.
func (s *Store) writeIndex(g *segment) {
	b := g.index.encode(s.run)
	if _, err := writeFull(g.file.WriteAt, b, g.size); err != nil {
		_ = g.file.Truncate(g.size)
		return
	}
	if s.opts.Durability == Group {
		_ = g.file.Datasync()
	}
}
