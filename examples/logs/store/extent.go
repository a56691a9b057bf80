package store

import "time"

// An Extent is a segment as it is on disk.
type Extent struct {
	Segment uint64 // its number
	Path    string
	Size    int64     // in bytes; of the one that is written, reserved space aside, what is stored
	Last    time.Time // when it was last written to
}

// Extents returns the segments of the store, oldest first.
func (s *Store) Extents() ([]Extent, error) {
	paths, err := segments(s.opts.FS, s.opts.Dir)
	if err != nil {
		return nil, err
	}
	at := s.Stored()
	list := make([]Extent, 0, len(paths))
	for _, path := range paths {
		info, err := s.opts.FS.Stat(path)
		if err != nil {
			continue // removed meanwhile
		}
		id, _ := parseSegmentPath(path)
		e := Extent{id.seq, path, info.Size(), info.ModTime()}
		if e.Segment == at.Segment {
			e.Size = at.Offset
		}
		list = append(list, e)
	}
	return list, nil
}

// FS is the disk that the store was opened with.
func (s *Store) FS() FS { return s.opts.FS }
