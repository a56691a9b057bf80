package store

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"
)

var (
	// ErrTorn means that a segment does not end with its last whole block: it
	// is being written, or a crash cut it short. All blocks were delivered.
	ErrTorn = errors.New("store: a block is not whole at the end")
	// ErrDamaged means that a segment is damaged. All that is not was
	// delivered.
	ErrDamaged = errors.New("store: damaged segment")
)

// A Record is what a Scanner delivers.
type Record struct {
	// Version is that of the format: 1 has no Facility, Cut, More, Time, Received and
	// Source.
	Version uint8
	// Facility is 0 (kernel) to 23 (local7), Severity 0 (emergency) to 7 (debug).
	Facility, Severity uint8
	// Malformed marks a message whose header could not be parsed, Cut one that was
	// longer than what is kept of it, More one that the next record of its source
	// continues.
	Malformed, Cut, More bool
	// Time is the message's own, Received when it came, in Unix nanoseconds; 0: not
	// known.
	Time, Received int64
	// Source is who sent it, nil if that is not known. Records of a batch that have
	// the same have the same pointer.
	Source *Source
	// Msg is valid during the call only.
	Msg []byte
	// Lane, Run and Batch say where the record came from: records of one lane
	// and run are in the order in which they were appended.
	Lane  int
	Run   uint64
	Batch uint64
	// First and Last are the least and the greatest time of a record in the
	// same batch, and of its receipt, in Unix nanoseconds.
	First, Last int64
}

// Segments returns the paths of the segments of a directory, oldest first.
func Segments(dir string) ([]string, error) { return segments(StdFS{}, dir) }

func segments(fsys FS, dir string) ([]string, error) {
	names, err := fsys.List(dir)
	if err != nil {
		return nil, err
	}
	ids := map[string]segmentID{}
	var paths []string
	for _, name := range names {
		if id, ok := parseSegmentName(name); ok {
			path := filepath.Join(dir, name)
			ids[path] = id
			paths = append(paths, path)
		}
	}
	slices.SortFunc(paths, func(a, b string) int {
		return cmp.Or(cmp.Compare(ids[a].seq, ids[b].seq), cmp.Compare(a, b))
	})
	return paths, nil
}

// Segments returns the paths of the segments of a directory, oldest first.
func (s *Scanner) Segments(dir string) ([]string, error) { return segments(s.disk(), dir) }

// SegmentNumber is the number of a segment by its path, 0 if that is not a segment's.
func SegmentNumber(path string) uint64 {
	id, _ := parseSegmentPath(path)
	return id.seq
}

func parseSegmentPath(path string) (segmentID, bool) {
	return parseSegmentName(filepath.Base(path))
}

// Scan calls fn for each record of a segment, in order. It returns fn's error
// at once, and ErrTorn or ErrDamaged, wrapped, at the end of such a segment. A
// segment may be scanned while it is written. Use a Scanner for several.
func Scan(path string, fn func(Record) error) error {
	return new(Scanner).Scan(path, fn)
}

// A Scanner reads segments. It delivers a batch that is in two of them, for the
// disk failed while it was written, once. The zero value is ready. It is not
// for use by several goroutines.
type Scanner struct {
	// Since and Until, if not 0, leave out batches all of whose records are
	// older or newer, in Unix nanoseconds: by their own time and by their receipt.
	Since, Until int64
	// FS is where the segments are; nil means StdFS.
	FS FS

	seen  map[lane]*ranges
	zstd  *zstd.Decoder
	plain []byte
}

// A lane identifies a sequence of batches.
type lane struct {
	run    uint64
	number uint16
}

// Dir scans all segments of a directory, oldest first. Torn and damaged ones do
// not stop it; their errors are joined at the end.
func (s *Scanner) Dir(dir string, fn func(Record) error) error {
	paths, err := segments(s.disk(), dir)
	if err != nil {
		return err
	}
	var bad []error
	for _, path := range paths {
		own, err := s.scan(path, fn)
		switch {
		case own:
			return err
		case errors.Is(err, ErrTorn), errors.Is(err, ErrDamaged):
			bad = append(bad, err)
		case err != nil && !errors.Is(err, fs.ErrNotExist): // removed meanwhile
			return err
		}
	}
	return errors.Join(bad...)
}

// Scan scans one segment, as function Scan does.
func (s *Scanner) Scan(path string, fn func(Record) error) error {
	_, err := s.scan(path, fn)
	return err
}

// scan is Scan. own is whether the error is fn's.
func (s *Scanner) scan(path string, fn func(Record) error) (own bool, err error) {
	return s.batches(path, 0, 0, func(b *Batch) error { return b.Each(fn) })
}

func (s *Scanner) disk() FS {
	if s.FS == nil {
		return StdFS{}
	}
	return s.FS
}

// outside reports whether a block has no record that is asked for.
func (s *Scanner) outside(h *blockHeader) bool {
	return s.Since != 0 && h.last < s.Since || s.Until != 0 && h.first > s.Until
}

// first reports whether a block is new, and notes that it was seen.
func (s *Scanner) first(h *blockHeader) bool {
	if s.seen == nil {
		s.seen = map[lane]*ranges{}
	}
	id := lane{h.run, h.lane}
	if s.seen[id] == nil {
		s.seen[id] = new(ranges)
	}
	return s.seen[id].add(h.seq)
}

// plaintext decompresses a payload if it has to be.
func (s *Scanner) plaintext(h *blockHeader, payload []byte) ([]byte, error) {
	if h.flags&flagZstd == 0 {
		return payload, nil
	}
	if s.zstd == nil {
		var err error
		if s.zstd, err = newZstdDecoder(); err != nil {
			return nil, err
		}
	}
	if cap(s.plain) < int(h.raw) {
		s.plain = make([]byte, 0, h.raw)
	}
	return s.zstd.DecodeAll(payload, s.plain[:0:h.raw])
}

// deliver calls fn for each record of a payload. own is whether the error is fn's.
func deliver(h *blockHeader, payload []byte, fn func(Record) error) (own bool, err error) {
	rec := Record{
		Lane: int(h.lane), Run: h.run, Batch: h.seq, First: h.first, Last: h.last,
	}
	p := recordReader{version: h.version, rest: payload}
	for {
		ok, err := p.next(&rec)
		if !ok {
			return false, err
		}
		if err := fn(rec); err != nil {
			return true, err
		}
	}
}
