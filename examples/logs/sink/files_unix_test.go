//go:build unix

package sink

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// anotherGroup is a group that files can be given to.
func anotherGroup() int {
	if os.Getuid() == 0 {
		return 12345 // root may give files to anybody
	}
	gid := os.Getgid()
	if list, err := os.Getgroups(); err == nil && len(list) > 0 {
		gid = list[len(list)-1]
	}
	return gid
}

// wantGroup fails unless there is one file of that pattern, of the group and the mode.
func wantGroup(t *testing.T, pattern string, gid int, mode os.FileMode) {
	t.Helper()
	files, _ := filepath.Glob(pattern)
	if len(files) != 1 {
		t.Fatalf("%s: %q", pattern, files)
	}
	info, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := int(info.Sys().(*syscall.Stat_t).Gid); got != gid || info.Mode().Perm() != mode {
		t.Errorf("%s: group %d, mode %v; want %d, %v", files[0], got, info.Mode(), gid, mode)
	}
}

// refuseAll is a target that refuses everything.
func refuseAll() *fakeTarget {
	return &fakeTarget{verdict: func(*message) (error, bool) { return refuse(errTest), true }}
}

// The cursor and the dead letters have the group and the permissions that are asked for,
// also when the cursor is written again.
func TestGroup(t *testing.T) {
	dir, gid := t.TempDir(), anotherGroup()
	s := openStore(t, store.Options{Dir: dir})
	o, _ := fakeOptions(t, refuseAll(), fakeURL, dir)
	o.Gid, o.FileMode = gid, 0o604
	k := startSink(t, s, o)
	for n := range uint64(2) {
		put(t, s, "bad")
		eventually(t, "a cursor", func() bool {
			c, _, _ := loadCursor(store.StdFS{}, k.path, "fake")
			return k.Counters().Refused == n+1 && c.Offset >= k.committed().Offset && c.Offset > firstOffset
		})
		wantGroup(t, k.path, gid, 0o604)
		wantGroup(t, filepath.Join(dir, "sink-fake.dead-*.jsonl"), gid, 0o604)
	}
}

// A groupFS gives files to nobody for a while.
type groupFS struct {
	store.StdFS
	fails atomic.Bool
}

func (f *groupFS) Chown(name string, gid int) error {
	if f.fails.Load() {
		return errTest
	}
	return f.StdFS.Chown(name, gid)
}

// Files that cannot have the group are not left there, and are made when they can.
func TestGroupFails(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	put(t, s, "bad")
	disk := new(groupFS)
	disk.fails.Store(true)
	o, log := fakeOptions(t, refuseAll(), fakeURL, dir)
	o.FS, o.Gid = disk, anotherGroup()
	k := startSink(t, s, o)
	eventually(t, "failures", func() bool { return k.Counters().SaveErrors > 1 && k.Counters().Failures > 1 })
	if files, _ := os.ReadDir(dir); len(files) > 2 { // the lock and a segment
		t.Errorf("files %v", files)
	}
	if !log.has("the cursor cannot be written") || !log.has(errTest.Error()) || k.Counters().Delivered != 0 {
		t.Error("the log does not say so, or it was delivered")
	}
	disk.fails.Store(false)
	eventually(t, "the dead letter", func() bool { return k.Counters().Delivered == 1 })
	stopSink(t, k, patience)
	wantGroup(t, k.path, o.Gid, 0o640)
	files, _ := filepath.Glob(filepath.Join(dir, "sink-fake.dead-*.jsonl"))
	text, _ := os.ReadFile(files[0])
	if len(files) != 1 || strings.Count(string(text), "\n") != 1 {
		t.Errorf("%q: %s", files, text)
	}
}
