package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// ErrGap means that something is missing between what is there.
var ErrGap = errors.New("store: something is missing")

// Check reads all of a directory, as Scanner.Dir does, and reports besides what should be
// there and is not, or should not be there: segments without a block, whose numbers are
// not consecutive, or that were set aside; batches that are missing between others of
// their lane. (The oldest may have been removed.) The newest segment may be without a
// block, or torn: it may be being written; ErrTorn alone says so. fn is called for each
// record, with the path of its segment. Its error ends the check, as one of the disk
// does.
func (s *Scanner) Check(dir string, fn func(path string, r Record) error) (bad []error, err error) {
	paths, err := segments(s.disk(), dir)
	if err != nil {
		return nil, err
	}
	var before segmentID
	for i, path := range paths {
		blocks := 0
		own, err := s.scan(path, func(r Record) error {
			blocks++
			return fn(path, r)
		})
		switch {
		case own:
			return bad, err
		case errors.Is(err, fs.ErrNotExist):
			continue // removed meanwhile: by retention, so that those before it have gone
		case err != nil && !errors.Is(err, ErrTorn) && !errors.Is(err, ErrDamaged):
			return bad, err
		}
		if newest := i == len(paths)-1; !newest {
			switch {
			case blocks == 0:
				err = errors.Join(err, fmt.Errorf("%s: %w: no record can be read", path, ErrDamaged))
			case errors.Is(err, ErrTorn):
				err = fmt.Errorf("%w: %w", ErrDamaged, err) // recovery would have cut it
			}
		}
		id, _ := parseSegmentPath(path)
		if i > 0 && id.seq > before.seq+1 {
			bad = append(bad, fmt.Errorf("%s: %w: the segment before it has number %d", path, ErrGap, before.seq))
		}
		before = id
		if err != nil {
			bad = append(bad, err)
		}
	}
	aside, err := damagedFiles(s.disk(), dir)
	for _, path := range aside {
		bad = append(bad, fmt.Errorf("%s: %w: set aside", path, ErrDamaged))
	}
	return append(bad, s.gaps()...), err
}

// gaps are the batches that are missing between others that were seen.
func (s *Scanner) gaps() (bad []error) {
	lanes := make([]lane, 0, len(s.seen))
	for l := range s.seen {
		lanes = append(lanes, l)
	}
	slices.SortFunc(lanes, func(a, b lane) int {
		return cmp.Or(cmp.Compare(a.run, b.run), cmp.Compare(a.number, b.number))
	})
	for _, l := range lanes {
		r := s.seen[l].r
		for i := 1; i < len(r); i++ {
			bad = append(bad, fmt.Errorf("%w: batches %d to %d of lane %d, run %016x", ErrGap, r[i-1][1], r[i][0]-1, l.number, l.run))
		}
	}
	return bad
}
