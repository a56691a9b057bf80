package store

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A powerFS is StdFS that also knows what would be left after a power cut: of a
// file whose directory entry was synced what was synced, and at random sectors
// of what was not.
type powerFS struct {
	StdFS
	mu    sync.Mutex
	files map[string]*powerFile
	named map[string]bool // entries that were synced
}

type powerFile struct {
	File
	fs              *powerFS
	synced, current []byte
}

func (pf *powerFS) Create(name string, mode fs.FileMode) (File, error) {
	f, err := pf.StdFS.Create(name, mode)
	if err != nil {
		return nil, err
	}
	pf.mu.Lock()
	defer pf.mu.Unlock()
	p := &powerFile{File: f, fs: pf}
	pf.files[name] = p
	return p, nil
}

func (fs *powerFS) SyncDir(string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for name := range fs.files {
		fs.named[name] = true
	}
	return nil
}

func (f *powerFile) WriteAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.current = append(f.current[:off], b...)
	return f.File.WriteAt(b, off)
}

func (f *powerFile) WriteSync(b []byte, off int64) (int, error) {
	n, err := f.WriteAt(b, off)
	if err == nil {
		err = f.Datasync()
	}
	return n, err
}

func (f *powerFile) Datasync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.synced = append(f.synced[:0], f.current...)
	return nil
}

func (f *powerFile) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.current = f.current[:min(len(f.current), int(size))]
	return f.File.Truncate(size)
}

// cut writes into dir what a power cut now would leave.
func (fs *powerFS) cut(dir string, d *dice) error {
	const sector = 512
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for name, f := range maps.All(fs.files) {
		if !fs.named[name] {
			continue
		}
		left := append([]byte(nil), f.synced...)
		for off := len(left) / sector * sector; off < len(f.current); off += sector {
			if d.n(2) == 0 {
				continue
			}
			end := min(off+sector, len(f.current))
			if end > len(left) {
				left = append(left, make([]byte, end-len(left))...)
			}
			copy(left[off:end], f.current[off:end])
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), left, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// What Group has acknowledged is there after a power cut at any moment.
func TestPowerCut(t *testing.T) {
	d := newDice(1)
	fs := &powerFS{files: map[string]*powerFile{}, named: map[string]bool{}}
	s := open(t, Options{
		Durability: Group, FS: fs, Lanes: 2, BatchSize: 2 << 10, SegmentSize: 32 << 10, Batches: 6,
	})
	var wg sync.WaitGroup
	var ps []*producer
	for i, name := range []string{"lane0", "lane1"} {
		p := newProducer(s, i, name)
		ps = append(ps, p)
		wg.Go(func() { p.run(5000) })
	}
	for range 20 {
		before := ps[0].acknowledged()
		counts := map[string]int{}
		for _, p := range ps {
			counts[p.name] = p.acknowledged()
		}
		dir := t.TempDir()
		if err := fs.cut(dir, d); err != nil {
			t.Fatal(err)
		}
		r := open(t, Options{Dir: dir, FS: nullFS{}, BatchSize: minBatch, Lanes: 1})
		closeStore(t, r)
		// What was not acknowledged may have holes; what was has none.
		checkSome(t, dir, counts)
		for deadline := time.Now().Add(patience); ps[0].acknowledged() == before && before < 5000; {
			if time.Now().After(deadline) {
				t.Fatal("nothing is acknowledged")
			}
			time.Sleep(100 * time.Microsecond)
		}
	}
	wg.Wait()
	checkAll(t, s, ps)
}

// checkSome fails unless the first messages of each producer, as many as are
// counted, are in dir once.
func checkSome(t *testing.T, dir string, counts map[string]int) {
	t.Helper()
	got, err := messages(dir)
	if err != nil {
		t.Logf("scan: %v", err) // sectors that were never written
	}
	seen := map[string]map[int]int{}
	for _, msg := range got {
		name, i := parseMessage(t, msg)
		if seen[name] == nil {
			seen[name] = map[int]int{}
		}
		seen[name][i]++
	}
	for name, n := range counts {
		for i := range n {
			if seen[name][i] != 1 {
				t.Fatalf("%s: message %d of %d acknowledged is there %d times", name, i, n, seen[name][i])
			}
		}
	}
}
