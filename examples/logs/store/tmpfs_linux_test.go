package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// mountTmpfs mounts a file system of size bytes for a test.
func mountTmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
		t.Skipf("may not mount: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A file system that is really full holds the lanes up, and the store goes on
// by itself when there is space again.
func TestFullTmpfs(t *testing.T) {
	forModes(t, func(t *testing.T, o Options) {
		mount := mountTmpfs(t, "2m")
		filler := filepath.Join(mount, "filler")
		size := 1400 << 10
		if o.Compress {
			size = 2000 << 10
		}
		if err := os.WriteFile(filler, make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
		o.Dir = filepath.Join(mount, "logs")
		o.Lanes, o.Batches, o.BatchSize, o.SegmentSize = 2, 6, 8<<10, 64<<10
		s := open(t, o)
		const n = 5000
		done := make(chan []*producer)
		go func() { done <- produce(s, n) }()
		stored := untilFull(t, s)
		select {
		case <-done:
			t.Fatalf("the producers were not held up: %d stored", stored)
		default:
		}
		if stored >= 2*n {
			t.Fatalf("all %d stored: the disk was not full", stored)
		}
		// Nothing is counted as stored that the full disk did not take.
		got, err := messages(o.Dir)
		if err != nil && !onlyTorn(err) {
			t.Errorf("scan while full: %v", err)
		}
		if uint64(len(got)) < stored {
			t.Errorf("%d messages on the disk, but %d counted as stored", len(got), stored)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		select {
		case ps := <-done:
			checkAll(t, s, ps)
		case <-time.After(patience):
			t.Fatal("it did not go on")
		}
	})
}

// untilFull waits until no batch is free and attempts to write fail with nothing
// stored between them. (A batch that is not free need not wait for the disk: it
// may be that of a lane whose producer is done.) It returns how many logs are
// stored then.
func untilFull(t *testing.T, s *Store) (stored uint64) {
	t.Helper()
	errs := s.stats.WriteErrors.Load()
	restart := func() { stored, errs = s.stats.Stored.Load(), s.stats.WriteErrors.Load() }
	restart()
	eventually(t, "the disk to be full", func() bool {
		// A small batch may fit after others did not.
		if s.stats.Stored.Load() != stored || s.hasFree() {
			restart()
			return false
		}
		return s.stats.WriteErrors.Load() >= errs+3
	})
	return stored
}
