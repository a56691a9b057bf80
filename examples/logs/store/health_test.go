package store

import (
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestFailing: while writes fail the store says so, and that the writer tries; when
// one succeeds it does not any more.
func TestFailing(t *testing.T) {
	var broken atomic.Bool
	s := open(t, Options{Durability: Group, Lanes: 1, FS: &faultFS{sync: func() error {
		if broken.Load() {
			return syscall.EIO
		}
		return nil
	}}})
	if !s.LastSync().IsZero() || s.Failing() != nil {
		t.Errorf("a new store: synced %v, failing %v", s.LastSync(), s.Failing())
	}
	before := time.Now()
	if err := s.store(t, "one"); err != nil {
		t.Fatal(err)
	}
	if at := s.LastSync(); at.Before(before) || at.After(time.Now()) {
		t.Errorf("synced at %v, between %v and now", at, before)
	}
	broken.Store(true)
	got := make(chan error, 1)
	s.begin(t, "two", got)
	eventually(t, "the error", func() bool { return errors.Is(s.Failing(), syscall.EIO) })
	last := s.LastSync()
	n, _ := s.Steps()
	eventually(t, "more attempts", func() bool { now, idle := s.Steps(); return now > n+2 && !idle })
	if s.LastSync() != last {
		t.Error("a failed sync counts")
	}
	broken.Store(false)
	if err := <-got; err != nil {
		t.Error(err)
	}
	if s.Failing() != nil || !s.LastSync().After(last) {
		t.Errorf("after it succeeded: failing %v, synced %v", s.Failing(), s.LastSync())
	}
}

// TestSteps: a writer that the kernel holds up is not idle and does not go on; one
// without work is idle.
func TestSteps(t *testing.T) {
	hung := newGate()
	var hold atomic.Bool
	s := open(t, Options{Durability: Group, Lanes: 1, FS: &faultFS{sync: func() error {
		if hold.Load() {
			hung.pass()
		}
		return nil
	}}})
	defer hung.open()
	eventually(t, "an idle writer", func() bool { _, idle := s.Steps(); return idle })
	hold.Store(true)
	got := make(chan error, 1)
	s.begin(t, "one", got)
	fs := s.opts.FS.(*faultFS)
	eventually(t, "the write", func() bool { return fs.writes.Load() > 1 })
	n, idle := s.Steps()
	if now, idle2 := s.Steps(); idle || idle2 || now != n {
		t.Errorf("held up: %d, then %d steps, idle: %v, %v", n, now, idle, idle2)
	}
	hung.open()
	if err := <-got; err != nil {
		t.Error(err)
	}
	eventually(t, "an idle writer again", func() bool { now, idle := s.Steps(); return idle && now > n })
}

// TestUsage compares with the directory.
func TestUsage(t *testing.T) {
	dir, paths := fill(t, 3)
	s := open(t, Options{Durability: Group, Dir: dir})
	u, err := s.Usage()
	if err != nil {
		t.Fatal(err)
	}
	first, ok := parseSegmentName(paths[0][len(dir)+1:])
	if !ok || u.Segments != 4 || !u.Oldest.Equal(first.created) || u.Free == 0 || u.Bytes <= 4*headerSize {
		t.Errorf("%+v of %d segments, the first of %v", u, len(paths)+1, first.created)
	}
	before := u.Bytes
	if err := s.store(t, "one more"); err != nil {
		t.Fatal(err)
	}
	if u, err = s.Usage(); err != nil || u.Bytes <= before {
		t.Errorf("%d bytes, %v; want more than %d", u.Bytes, err, before)
	}
}
