package store

import (
	"slices"
	"testing"
)

// What an earlier run had not read is held before retention looks for the first time.
func TestHeldFromTheStart(t *testing.T) {
	dir, paths := fill(t, 6)
	s := open(t, Options{Dir: dir, KeepSize: 1, Held: map[string]uint64{"sink": 3}})
	eventually(t, "removal of two", func() bool { return s.stats.Removed.Load() == 2 })
	s.keep()
	left, err := s.Extents()
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range left[:4] {
		if e.Path != paths[2+i] || e.Segment != uint64(3+i) || e.Size <= headerSize || e.Last.IsZero() {
			t.Errorf("extent %d is %+v, want %s", i, e, paths[2+i])
		}
	}
	if at := s.Stored(); len(left) != 5 || left[4].Segment != at.Segment || left[4].Size != at.Offset {
		t.Errorf("%d extents, the newest %+v, stored %+v", len(left), left[len(left)-1], at)
	}
	closeStore(t, s)
	if kept, _ := Segments(dir); !slices.Equal(kept, paths[2:]) {
		t.Errorf("left are %v, want %v", kept, paths[2:])
	}
}
