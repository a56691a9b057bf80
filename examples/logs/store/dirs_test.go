package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// A syncedFS notes which directories were synced.
type syncedFS struct {
	StdFS
	mu   sync.Mutex
	dirs []string
}

func (f *syncedFS) SyncDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dirs = append(f.dirs, dir)
	return f.StdFS.SyncDir(dir)
}

// The entries of all directories that are made are made durable, and of files that are
// renamed.
func TestDirsSynced(t *testing.T) {
	top := t.TempDir()
	disk := &syncedFS{}
	dir := filepath.Join(top, "a", "b", "c")
	s := open(t, Options{Dir: dir, FS: disk, Durability: Group, DirMode: 0o711, FileMode: 0o604})
	if err := s.store(t, "message"); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	want := []string{top, filepath.Join(top, "a"), filepath.Join(top, "a", "b"), dir}
	if !slices.Equal(disk.dirs, want) {
		t.Errorf("synced %v, want %v", disk.dirs, want)
	}
	for path, mode := range map[string]fs.FileMode{dir: 0o711, filepath.Join(dir, "lock"): 0o604} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v, want mode %v", path, info.Mode(), err, mode)
		}
	}
	paths, _ := Segments(dir)
	if info, err := os.Stat(paths[0]); err != nil || info.Mode().Perm() != 0o604 {
		t.Errorf("segment: %v, %v", info.Mode(), err)
	}
	disk.dirs = nil
	if err := os.WriteFile(paths[0], []byte("this is no segment any more, whatever it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(paths[0], 200); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Dir: dir, FS: disk})
	closeStore(t, s)
	if !slices.Contains(disk.dirs, dir) {
		t.Errorf("synced %v after a segment was set aside", disk.dirs)
	}
	if _, err := os.Stat(paths[0] + damagedSuffix); err != nil {
		t.Error(err)
	}
}

// A clock that was ahead once does not name the segments that follow, which are in order
// all the same.
func TestClockWasAhead(t *testing.T) {
	dir := t.TempDir()
	for i, at := range []time.Time{
		time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
	} {
		s := open(t, Options{Dir: dir, Durability: Group, now: func() time.Time { return at }})
		if err := s.store(t, string(rune('a'+i))); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
	}
	wantMessages(t, dir, "a", "b", "c")
	paths, _ := Segments(dir)
	if len(paths) != 3 || filepath.Base(paths[2])[:8] != "20260102" {
		t.Errorf("segments are %v", paths)
	}
}

// A file system that cannot make directories says so.
func TestMkdirFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var path *fs.PathError
	if _, err := Open(Options{Dir: filepath.Join(file, "logs")}); !errors.As(err, &path) {
		t.Errorf("error %v", err)
	}
}
