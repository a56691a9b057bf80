package store

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// A crashFS is StdFS that notes what is done to the disk, in order, so that every state
// that a crash can leave can be made again.
type crashFS struct {
	StdFS
	mu   sync.Mutex
	ops  []crashOp
	full int // so many writes fail for want of space, if there were as many before
}

// A crashOp is one change, or what makes changes durable.
type crashOp struct {
	what     string // create, write, truncate, sync, syncdir, remove, rename
	name, to string
	off      int64
	data     []byte
	acked    int // messages that had been acknowledged before
}

var acknowledged struct {
	sync.Mutex
	n int
}

func (c *crashFS) note(op crashOp) {
	acknowledged.Lock()
	op.acked = acknowledged.n
	acknowledged.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	op.name = filepath.Base(op.name)
	op.data = slices.Clone(op.data)
	c.ops = append(c.ops, op)
}

type crashFile struct {
	File
	c    *crashFS
	name string
}

func (c *crashFS) Create(name string, mode fs.FileMode) (File, error) {
	f, err := c.StdFS.Create(name, mode)
	if err == nil {
		c.note(crashOp{what: "create", name: name})
	}
	return &crashFile{f, c, name}, err
}

// crashOpen is a file being recovered.
type crashOpen struct {
	OpenFile
	c    *crashFS
	name string
}

func (c *crashFS) Open(name string, write bool) (OpenFile, error) {
	f, err := c.StdFS.Open(name, write)
	return &crashOpen{f, c, name}, err
}

func (f *crashOpen) Truncate(size int64) error {
	f.c.note(crashOp{what: "truncate", name: f.name, off: size})
	return f.OpenFile.Truncate(size)
}

func (f *crashOpen) Sync() error {
	err := f.OpenFile.Sync()
	f.c.note(crashOp{what: "sync", name: f.name})
	return err
}

func (c *crashFS) Remove(name string) error {
	c.note(crashOp{what: "remove", name: name})
	return c.StdFS.Remove(name)
}

func (c *crashFS) Rename(from, to string) error {
	c.note(crashOp{what: "rename", name: from, to: filepath.Base(to)})
	return c.StdFS.Rename(from, to)
}

func (c *crashFS) SyncDir(dir string) error {
	err := c.StdFS.SyncDir(dir)
	c.note(crashOp{what: "syncdir"})
	return err
}

func (f *crashFile) WriteAt(b []byte, off int64) (int, error) {
	f.c.mu.Lock()
	full := f.c.full > 0 && len(f.c.ops) > 40 && len(b) > headerSize
	if full {
		f.c.full--
	}
	f.c.mu.Unlock()
	if full {
		n := len(b) / 3
		f.c.note(crashOp{what: "write", name: f.name, off: off, data: b[:n]})
		n, _ = f.File.WriteAt(b[:n], off)
		return n, syscall.ENOSPC
	}
	f.c.note(crashOp{what: "write", name: f.name, off: off, data: b})
	return f.File.WriteAt(b, off)
}

func (f *crashFile) WriteSync(b []byte, off int64) (int, error) {
	n, err := f.WriteAt(b, off)
	if err == nil {
		err = f.Datasync()
	}
	return n, err
}

func (f *crashFile) Datasync() error {
	err := f.File.Datasync()
	f.c.note(crashOp{what: "sync", name: f.name})
	return err
}

func (f *crashFile) Truncate(size int64) error {
	f.c.note(crashOp{what: "truncate", name: f.name, off: size})
	return f.File.Truncate(size)
}

// A crashDisk is the files of a directory as a crash leaves them.
type crashDisk struct {
	now, durable map[string]*crashContent // by name: as it is, and what is sure to be left
}

type crashContent struct{ now, synced []byte }

func newCrashDisk(start map[string][]byte) *crashDisk {
	d := &crashDisk{map[string]*crashContent{}, map[string]*crashContent{}}
	for name, b := range start {
		c := &crashContent{slices.Clone(b), slices.Clone(b)}
		d.now[name], d.durable[name] = c, c
	}
	return d
}

func (d *crashDisk) apply(op crashOp) {
	f := d.now[op.name]
	switch op.what {
	case "create":
		d.now[op.name] = &crashContent{}
	case "write":
		if grow := int(op.off) + len(op.data) - len(f.now); grow > 0 {
			f.now = append(f.now, make([]byte, grow)...)
		}
		copy(f.now[op.off:], op.data)
	case "truncate":
		f.now = append(slices.Clone(f.now[:min(len(f.now), int(op.off))]), make([]byte, max(0, int(op.off)-len(f.now)))...)
	case "sync":
		if f != nil { // it may have been removed
			f.synced = slices.Clone(f.now)
		}
	case "remove":
		delete(d.now, op.name)
	case "rename":
		d.now[op.to] = f
		delete(d.now, op.name)
	case "syncdir":
		d.durable = map[string]*crashContent{}
		for name, c := range d.now {
			d.durable[name] = c
		}
	}
}

// Whenever the process is killed, and whenever the power fails: what was acknowledged is
// there. A workload with rotation, retention, a full disk and a damaged tail to begin
// with is stopped after each operation on the disk, as it is; with its last write torn;
// without each write that was not synced; and with nothing that was not.
func TestCrashEverywhere(t *testing.T) {
	acknowledged.n = 0
	dir, start := damagedStart(t)
	disk := &crashFS{full: 2}
	s := open(t, Options{
		Dir: dir, FS: disk, Durability: Group, Lanes: 1, BatchSize: 1 << 10, Batches: 4, SegmentSize: 700, KeepSize: 6000,
	})
	const n = 40
	for i := range n {
		if err := s.store(t, crashMessage(i)); err != nil {
			t.Fatal(err)
		}
		acknowledged.Lock()
		acknowledged.n = i + 1
		acknowledged.Unlock()
		if i%8 == 7 { // let the keeper come by
			removed := s.stats.Removed.Load()
			s.pokeKeeper()
			if i > 20 {
				eventually(t, "retention", func() bool { return s.stats.Removed.Load() >= min(removed+1, 1) })
			}
		}
	}
	closeStore(t, s)
	if s.stats.Removed.Load() == 0 || s.stats.WriteErrors.Load() == 0 || s.stats.Damaged.Load() == 0 || s.stats.Rotations.Load() < 10 {
		t.Fatalf("the workload is not what it should be: %d removed, %d errors, %d damages, %d rotations",
			s.stats.Removed.Load(), s.stats.WriteErrors.Load(), s.stats.Damaged.Load(), s.stats.Rotations.Load())
	}
	states := 0
	for k := range len(disk.ops) + 1 {
		states += crashAfter(t, start, disk.ops, k)
		if t.Failed() {
			t.Fatalf("after %d of %d operations, the last a %s of %s", k, len(disk.ops), disk.ops[max(k-1, 0)].what, disk.ops[max(k-1, 0)].name)
		}
	}
	t.Logf("%d operations, %d states", len(disk.ops), states)
}

func crashMessage(i int) string { return fmt.Sprintf("crash %d %s", i, strings.Repeat("x", 100)) }

// damagedStart makes a directory whose newest segment has a damaged last block.
func damagedStart(t *testing.T) (dir string, start map[string][]byte) {
	t.Helper()
	dir, paths := fill(t, 2)
	b, err := os.ReadFile(paths[1])
	if err != nil {
		t.Fatal(err)
	}
	data, _ := dataEnd(bytes.NewReader(b), int64(len(b)))
	b = b[:data:data]
	block := slices.Clone(b[headerSize:])
	block[len(block)-2] ^= 1
	write(t, paths[1], append(b, block...))
	start = map[string][]byte{}
	for _, path := range paths {
		if start[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return dir, start
}

// crashAfter makes the states that a crash after k operations can leave, and checks each.
func crashAfter(t *testing.T, start map[string][]byte, ops []crashOp, k int) (states int) {
	t.Helper()
	acked := 0
	if k < len(ops) {
		acked = ops[k].acked
	} else {
		acked = ops[k-1].acked
	}
	build := func(change func(i int, op crashOp) (crashOp, bool)) *crashDisk {
		d := newCrashDisk(start)
		for i, op := range ops[:k] {
			if op, ok := change(i, op); ok {
				d.apply(op)
			}
		}
		return d
	}
	as := func(_ int, op crashOp) (crashOp, bool) { return op, true }
	killed := build(as)
	crashCheck(t, "killed", ops[:k], acked, now(killed))
	crashCheck(t, "power cut", ops[:k], acked, durable(killed))
	states = 2
	if k > 0 && ops[k-1].what == "write" {
		for _, part := range []int{1, headerSize + 1, len(ops[k-1].data) - 1} {
			torn := build(func(i int, op crashOp) (crashOp, bool) {
				if i == k-1 {
					op.data = op.data[:min(part, len(op.data))]
				}
				return op, true
			})
			crashCheck(t, fmt.Sprint("torn at ", part), ops[:k], acked, now(torn))
			states++
		}
	}
	for i, op := range ops[:k] {
		if op.what != "write" || syncedSince(ops[i+1:k], op.name) {
			continue
		}
		without := build(func(j int, op crashOp) (crashOp, bool) {
			if i == j {
				op.data = make([]byte, len(op.data)) // its size is on disk, its bytes are not
			}
			return op, true
		})
		crashCheck(t, fmt.Sprint("without operation ", i), ops[:k], acked, now(without))
		states++
	}
	return states
}

func syncedSince(ops []crashOp, name string) bool {
	return slices.ContainsFunc(ops, func(op crashOp) bool { return op.what == "sync" && op.name == name })
}

func now(d *crashDisk) map[string][]byte {
	files := map[string][]byte{}
	for name, c := range d.now {
		files[name] = c.now
	}
	return files
}

func durable(d *crashDisk) map[string][]byte {
	files := map[string][]byte{}
	for name, c := range d.durable {
		files[name] = c.synced
	}
	return files
}

// crashCheck opens a store on files and fails unless the acknowledged messages are there,
// each once and in order, but for those of segments that were removed.
func crashCheck(t *testing.T, how string, ops []crashOp, acked int, files map[string][]byte) {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		write(t, filepath.Join(dir, name), b)
	}
	s, err := Open(Options{Dir: dir, BatchSize: minBatch, Lanes: 1, Batches: 2, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Errorf("%s: %v", how, err)
		return
	}
	if err := s.Close(); err != nil {
		t.Errorf("%s: Close: %v", how, err)
	}
	got, err := messages(dir)
	if err != nil {
		t.Errorf("%s: scan after recovery: %v", how, err)
	}
	gone := removedMessages(ops)
	seen := map[int]int{}
	last := -1
	for _, msg := range got {
		var i int
		if _, err := fmt.Sscanf(msg, "crash %d ", &i); err != nil {
			continue // of the start
		}
		if seen[i]++; i <= last {
			t.Errorf("%s: message %d after %d", how, i, last)
		}
		last = i
	}
	for i := range acked {
		if seen[i] != 1 && !gone[i] {
			t.Errorf("%s: message %d of %d acknowledged is there %d times", how, i, acked, seen[i])
		}
	}
}

// removedMessages are those that were in segments that were removed.
func removedMessages(ops []crashOp) map[int]bool {
	gone := map[int]bool{}
	for _, op := range ops {
		if op.what != "remove" {
			continue
		}
		for _, w := range ops {
			for i := range 40 {
				if w.what == "write" && w.name == op.name && strings.Contains(string(w.data), fmt.Sprintf("crash %d x", i)) {
					gone[i] = true
				}
			}
		}
	}
	return gone
}
