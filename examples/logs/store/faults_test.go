package store

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A dice is random numbers for several goroutines.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newDice(seed uint64) *dice { return &dice{r: rand.New(rand.NewPCG(seed, 1))} }

// n returns 0..n-1.
func (d *dice) n(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

// randomFaults makes each operation fail or fall short now and then, until heal
// is called.
func randomFaults(seed uint64) (fs *faultFS, heal func()) {
	d := newDice(seed)
	var healed atomic.Bool
	fail := func(chance int) error {
		if healed.Load() || d.n(chance) != 0 {
			return nil
		}
		return []error{syscall.ENOSPC, syscall.EIO}[d.n(2)]
	}
	fs = &faultFS{
		write: func(size int) (int, error) {
			if err := fail(12); err != nil {
				return d.n(size + 1), err
			}
			if !healed.Load() && d.n(4) == 0 {
				return 1 + d.n(size), []error{nil, io.ErrShortWrite}[d.n(2)]
			}
			return size, nil
		},
		sync:     func() error { return fail(8) },
		create:   func() error { return fail(4) },
		truncate: func() error { return fail(2) },
		syncDir:  func() error { return fail(8) },
	}
	return fs, func() { healed.Store(true) }
}

// Whatever fails, for whatever reason: what is acknowledged is there once and
// in order, and in the end everything is.
func TestRandomFaults(t *testing.T) {
	forModes(t, func(t *testing.T, o Options) {
		for seed := range uint64(4) {
			dir := t.TempDir()
			fs, heal := randomFaults(seed)
			o.Dir, o.FS, o.Logger = dir, fs, slog.New(slog.DiscardHandler)
			o.Lanes, o.Batches, o.BatchSize, o.SegmentSize = 2, 6, 2<<10, 32<<10
			o.retryMin, o.retryMax = time.Microsecond, 50*time.Microsecond
			var s *Store
			eventually(t, "to be opened", func() (ok bool) {
				var err error
				s, err = Open(o)
				return err == nil
			})
			defer s.Close()
			ps := produce(s, 800)
			if s.stats.WriteErrors.Load() == 0 {
				t.Errorf("seed %d: no fault was noticed", seed)
			}
			heal()
			closeFaulty(t, s)
			counts := map[string]int{}
			for _, p := range ps {
				counts[p.name] = 800
				if n := p.acknowledged(); n != 800 || p.err != nil {
					t.Errorf("seed %d: %s: %d acknowledged, error %v", seed, p.name, n, p.err)
				}
			}
			// Segments that could not be cut end in what was given up.
			got, err := messages(dir)
			if err != nil && !onlyTorn(err) {
				t.Errorf("seed %d: scan: %v", seed, err)
			}
			check(t, got, counts)
		}
	})
}

// Writes that fall short are gone on with where they ended: no byte is lost or
// repeated, and no segment given up.
func TestShortWrites(t *testing.T) {
	forModes(t, func(t *testing.T, o Options) {
		d := newDice(3)
		o.FS = &faultFS{write: func(size int) (int, error) {
			n := 1 + d.n(size)
			if n < size && d.n(2) == 0 {
				return n, io.ErrShortWrite
			}
			return n, nil
		}}
		o.Lanes, o.BatchSize = 2, 2<<10
		s := open(t, o)
		checkAll(t, s, produce(s, 500))
		if n, segs := s.stats.WriteErrors.Load(), s.stats.Rotations.Load(); n != 0 || segs != 0 {
			t.Errorf("%d errors, %d rotations", n, segs)
		}
	})
}

// onlyTorn reports whether a scan complains of nothing but torn segments.
func onlyTorn(err error) bool { return errors.Is(err, ErrTorn) && !errors.Is(err, ErrDamaged) }

// closeFaulty closes a store whose syncs under Interval may have failed before.
func closeFaulty(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil && s.opts.Durability != Interval {
		t.Errorf("Close: %v", err)
	}
}

// While writes fail nothing is acknowledged; when they go on everything is.
func TestFullForAWhile(t *testing.T) {
	forModes(t, func(t *testing.T, o Options) {
		var full atomic.Bool
		fs := &faultFS{}
		fs.write = func(size int) (int, error) {
			if full.Load() {
				return size / 2, syscall.ENOSPC
			}
			return size, nil
		}
		o.FS, o.BatchDelay, o.Interval = fs, time.Millisecond, time.Millisecond
		s := open(t, o)
		if err := s.store(t, "before"); err != nil {
			t.Fatal(err)
		}
		full.Store(true)
		got := make(chan error, 1)
		s.begin(t, "meanwhile", got)
		eventually(t, "two attempts", func() bool { return s.stats.WriteErrors.Load() >= 2 })
		select {
		case err := <-got:
			t.Errorf("acknowledged on a full disk, error %v", err)
		default:
		}
		full.Store(false)
		if err := <-got; err != nil {
			t.Error(err)
		}
		closeStore(t, s)
		wantMessages(t, s.opts.Dir, "before", "meanwhile")
	})
}

// After a failed sync the same batches are written to another segment, as the
// kernel may have dropped the pages; the failed one is not synced again.
func TestSyncFails(t *testing.T) {
	var paths []string
	var mu sync.Mutex
	fs := &faultFS{path: func(p string) { mu.Lock(); paths = append(paths, p); mu.Unlock() }}
	fails := 0
	fs.sync = func() error {
		if fails > 0 {
			fails--
			return syscall.EIO
		}
		return nil
	}
	s := open(t, Options{Durability: Group, FS: fs})
	if err := s.store(t, "one"); err != nil {
		t.Fatal(err)
	}
	before := fs.syncs.Load()
	fails = 1 // the writer sleeps
	if err := s.store(t, "two"); err != nil {
		t.Fatal(err)
	}
	if n := fs.syncs.Load() - before; n != 2 {
		t.Errorf("%d syncs, want a failed one and one of the new segment", n)
	}
	closeStore(t, s)
	wantMessages(t, s.opts.Dir, "one", "two")
	var first []string
	if err := Scan(paths[0], func(r Record) error { first = append(first, string(r.Msg)); return nil }); err != nil {
		t.Error(err)
	}
	if len(first) != 1 || len(paths) != 2 {
		t.Errorf("the failed segment of %d has %q, want what was acknowledged from it", len(paths), first)
	}
}

// A sync that fails under Interval costs the segment, not the batches to come.
func TestIntervalSyncFails(t *testing.T) {
	var failing atomic.Bool
	fs := &faultFS{}
	fs.sync = func() error {
		if failing.CompareAndSwap(true, false) {
			return syscall.EIO
		}
		return nil
	}
	s := open(t, Options{Durability: Interval, Interval: time.Millisecond, FS: fs})
	failing.Store(true)
	if err := s.store(t, "one"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the sync to fail", func() bool { return s.stats.WriteErrors.Load() > 0 })
	if err := s.store(t, "two"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close: %v, want the sync's error", err)
	}
	wantMessages(t, s.opts.Dir, "one", "two")
	if n := fs.creates.Load(); n != 2 {
		t.Errorf("%d segments made, want another after the failure", n)
	}
}

// A segment that was removed is noticed before anything in it is acknowledged.
func TestSegmentRemoved(t *testing.T) {
	for _, all := range []bool{false, true} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("all=%v,late=%v", all, late), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "logs")
				var path atomic.Value
				fs := &faultFS{path: func(p string) { path.Store(p) }}
				var armed atomic.Bool
				rm := func() {
					if all {
						os.RemoveAll(dir)
					} else {
						remove(path.Load().(string))
					}
				}
				fs.sync = func() error { // written, not acknowledged
					if armed.CompareAndSwap(true, false) {
						rm()
					}
					return nil
				}
				s := open(t, Options{Dir: dir, Durability: Group, FS: fs})
				if err := s.store(t, "lost"); err != nil {
					t.Fatal(err)
				}
				if late {
					armed.Store(true)
				} else {
					rm()
				}
				for _, msg := range []string{"two", "three"} {
					if err := s.store(t, msg); err != nil {
						t.Fatal(err)
					}
				}
				if n := s.stats.WriteErrors.Load(); n != 1 {
					t.Errorf("%d errors counted, want 1", n)
				}
				closeStore(t, s)
				wantMessages(t, dir, "two", "three")
			})
		}
	}
}

// Without Group a removed segment is noticed within a second.
func TestSegmentRemovedNone(t *testing.T) {
	var path atomic.Value
	fs := &faultFS{path: func(p string) { path.Store(p) }}
	s := open(t, Options{BatchDelay: time.Millisecond, FS: fs})
	if err := s.store(t, "lost"); err != nil {
		t.Fatal(err)
	}
	remove(path.Load().(string))
	eventually(t, "another segment", func() bool {
		if err := s.store(t, "x"); err != nil {
			t.Fatal(err)
		}
		return fs.creates.Load() == 2
	})
	if n := s.stats.WriteErrors.Load(); n != 1 {
		t.Errorf("%d errors counted, want 1", n)
	}
	closeStore(t, s)
	got, err := messages(s.opts.Dir)
	if err != nil || len(got) == 0 || strings.Trim(strings.Join(got, ""), "x") != "" {
		t.Errorf("got %q, error %v", got, err)
	}
}

// Memory is bounded: when the disk hangs, the lanes take what the buffers hold
// and no more, and who waits is called when it goes on.
func TestBounded(t *testing.T) {
	forModes(t, func(t *testing.T, o Options) {
		disk := newGate()
		fs := &faultFS{}
		o.FS, o.Lanes, o.Batches, o.BatchSize = fs, 2, 5, 1<<10
		s := open(t, o)
		defer disk.open() // before Close
		fs.write = func(size int) (int, error) { disk.pass(); return size, nil }
		msg := make([]byte, 100)
		total, notified := 0, make(chan int, 2)
		for i := range 2 {
			l := s.Lane(i)
			for ok := true; ok; {
				l.Begin()
				if _, ok = l.Append(Meta{}, msg); ok {
					total += len(msg)
				}
				l.End()
			}
		}
		if most := 5 << 10; total > most || total == 0 {
			t.Errorf("%d bytes taken by %d bytes of buffers", total, most)
		}
		for i := range 2 {
			s.Lane(i).Notify(func() {
				l := s.Lane(i)
				l.Begin()
				if _, ok := l.Append(Meta{}, msg); ok {
					total += len(msg)
				}
				l.End()
				notified <- i
			})
		}
		select {
		case i := <-notified:
			t.Errorf("lane %d was notified while the disk hangs", i)
		default:
		}
		disk.open()
		<-notified
		<-notified
		closeStore(t, s)
		got, err := messages(s.opts.Dir)
		if err != nil || len(got) != total/len(msg) {
			t.Errorf("%d messages stored, want %d, error %v", len(got), total/len(msg), err)
		}
	})
}

// Close gives up on a disk that stays full, tells who waits, and returns.
func TestCloseGivesUp(t *testing.T) {
	forModes(t, func(t *testing.T, o Options) {
		var full atomic.Bool
		fs := &faultFS{}
		fs.write = func(size int) (int, error) {
			if full.Load() {
				return 0, syscall.ENOSPC
			}
			return size, nil
		}
		o.FS, o.CloseTimeout, o.Lanes = fs, 20*time.Millisecond, 1
		s := open(t, o)
		if err := s.store(t, "stored"); err != nil {
			t.Fatal(err)
		}
		full.Store(true)
		got := make(chan error, 1)
		s.begin(t, "not stored", got)
		if err := s.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Close: %v, want ENOSPC", err)
		}
		if err := <-got; !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("the waiter was told %v, want ENOSPC", err)
		}
		wantMessages(t, s.opts.Dir, "stored")
	})
}
