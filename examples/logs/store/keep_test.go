package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fill makes a directory with n segments of about 1 KiB each, the first written to n
// hours ago, the next one hour later, and so on.
func fill(t *testing.T, n int) (dir string, paths []string) {
	t.Helper()
	s := open(t, Options{Durability: Group, Lanes: 1, SegmentSize: 1, BatchSize: 4 << 10})
	for i := range n {
		if err := s.store(t, fmt.Sprint(i, strings.Repeat("x", 900))); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, s)
	paths, _ = Segments(s.opts.Dir)
	if len(paths) != n {
		t.Fatalf("%d segments, want %d", len(paths), n)
	}
	for i, path := range paths {
		at := time.Now().Add(time.Duration(i-n) * time.Hour)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return s.opts.Dir, paths
}

// A freeFS says how much is free as the test wants it: so much, and what was removed.
type freeFS struct {
	StdFS
	free atomic.Int64
}

func (f *freeFS) Free(string) (uint64, error) { return uint64(f.free.Load()), nil }

func (f *freeFS) Remove(name string) error {
	info, err := os.Stat(name)
	if err == nil {
		f.free.Add(info.Size())
	}
	return f.StdFS.Remove(name)
}

// The oldest segments go, as many as have to.
func TestKeep(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		size float64 // to be kept, in segments
		lack float64 // of what is to be free, in segments
		left int     // of ten
	}{
		{"all", Options{}, 0, 0, 10},
		{"age", Options{KeepAge: 4*time.Hour + 30*time.Minute}, 0, 0, 4},
		{"older than all", Options{KeepAge: 24 * time.Hour}, 0, 0, 10},
		{"size", Options{}, 3.5, 0, 3},
		{"free", Options{KeepFree: 1 << 20}, 0, 2.5, 7},
		{"free enough", Options{KeepFree: 1 << 20}, 0, 0, 10},
		{"free in vain", Options{KeepFree: 1 << 40}, 0, 1 << 20, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, paths := fill(t, 10)
			info, err := os.Stat(paths[0])
			if err != nil {
				t.Fatal(err)
			}
			disk := &freeFS{}
			disk.free.Store(c.o.KeepFree - int64(c.lack*float64(info.Size())))
			c.o.KeepSize = int64(c.size * float64(info.Size()))
			c.o.Dir, c.o.FS = dir, disk
			s := open(t, c.o)
			eventually(t, "removal", func() bool {
				left, _ := Segments(dir)
				return len(left) == c.left+1 // and the new one
			})
			closeStore(t, s)
			left, _ := Segments(dir)
			if !slices.Equal(left, paths[10-c.left:]) {
				t.Errorf("left are %v", left)
			}
			if n := s.stats.Removed.Load(); n != uint64(10-c.left) {
				t.Errorf("%d removals counted", n)
			}
		})
	}
}

// The segment that is written stays, whatever its size, and so does what is no segment.
// What was set aside goes in its turn.
func TestKeepOpen(t *testing.T) {
	dir, paths := fill(t, 2)
	if err := os.Rename(paths[0], paths[0]+damagedSuffix); err != nil {
		t.Fatal(err)
	}
	notes := filepath.Join(dir, "notes")
	if err := os.WriteFile(notes, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Dir: dir, KeepSize: 1, Durability: Group})
	if err := s.store(t, "kept"); err != nil {
		t.Fatal(err)
	}
	s.pokeKeeper()
	eventually(t, "removal", func() bool { return s.stats.Removed.Load() == 2 })
	closeStore(t, s)
	wantMessages(t, dir, "kept")
	if _, err := os.Stat(notes); err != nil {
		t.Error(err)
	}
	if aside, _ := Damaged(dir); len(aside) > 0 {
		t.Errorf("left are %v", aside)
	}
}

// A segment that vanishes while a directory is scanned does not end the scan.
func TestKeepScanner(t *testing.T) {
	dir, paths := fill(t, 3)
	n := 0
	err := new(Scanner).Dir(dir, func(Record) error {
		if n++; n == 1 {
			return os.Remove(paths[1])
		}
		return nil
	})
	if n != 2 || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
}
