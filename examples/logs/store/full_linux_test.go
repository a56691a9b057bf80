package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// What there is space for is stored, though the group that it came with does not fit:
// 2,000 logs of 1 KiB into 1 MiB.
func TestFullBatchByBatch(t *testing.T) {
	mount := mountTmpfs(t, "1m")
	begun := newGate()
	var once sync.Once
	disk := &faultFS{write: func(size int) (int, error) {
		if size > headerSize {
			once.Do(begun.pass) // the first write waits until all are queued
		}
		return size, nil
	}}
	s := open(t, Options{
		Dir: filepath.Join(mount, "logs"), FS: disk, Durability: Group, Lanes: 1, BatchSize: 64 << 10, Batches: 64,
	})
	l := s.Lane(0)
	var mu sync.Mutex
	stored := map[uint64]bool{}
	appended := 0
	for range 2000 {
		l.Begin()
		seq, ok := l.Append(Meta{Received: 1}, []byte(strings.Repeat("x", 1<<10)))
		if ok {
			appended++
			l.Await(seq, waiterFunc(func(seq uint64, err error) {
				mu.Lock()
				defer mu.Unlock()
				stored[seq] = err == nil
			}))
		}
		l.End()
		if !ok {
			t.Fatalf("refused after %d", appended)
		}
	}
	begun.open()
	const most = 15 * (64 << 10) // of 1 MiB, what a batch less than all takes
	eventually(t, "what fits is stored", func() bool { return s.stats.BytesWritten.Load() > most-(128<<10) })
	// The rest follows when there is space.
	if err := syscall.Mount("tmpfs", mount, "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all is stored", func() bool { return s.stats.Stored.Load() == 2000 })
	closeStore(t, s)
	got, err := messages(s.opts.Dir)
	if len(got) != 2000 || err != nil {
		t.Errorf("%d messages, %v", len(got), err)
	}
}

// A quota that is used up is a full disk.
func TestQuota(t *testing.T) {
	fails := true
	disk := &faultFS{create: func() error {
		if fails {
			fails = false
			return &os.PathError{Op: "open", Path: "x", Err: syscall.EDQUOT}
		}
		return nil
	}}
	s := open(t, Options{FS: disk, Durability: Group}) // that is no reason not to start
	if err := s.store(t, "message"); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	wantMessages(t, s.opts.Dir, "message")
	if !isFull(errors.Join(syscall.ENOSPC)) || isFull(syscall.EIO) {
		t.Error("isFull")
	}
}

// When the disk is full, old segments make room at once.
func TestKeepFull(t *testing.T) {
	mount := mountTmpfs(t, "1m")
	s := open(t, Options{
		Dir: filepath.Join(mount, "logs"), Durability: Group, Lanes: 1, BatchSize: 16 << 10, SegmentSize: 64 << 10, KeepFree: 128 << 10,
	})
	ps := produce(s, 20_000) // some 3 MiB
	closeStore(t, s)
	for _, p := range ps {
		if n := p.acknowledged(); n != len(p.seqs) || p.err != nil {
			t.Errorf("%d of %d acknowledged, %v", n, len(p.seqs), p.err)
		}
	}
	if s.stats.Removed.Load() == 0 {
		t.Error("nothing was removed")
	}
	got, err := messages(s.opts.Dir)
	if err != nil || len(got) == 0 {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	_, first := parseMessage(t, got[0])
	for i, msg := range got {
		if _, k := parseMessage(t, msg); k != first+i {
			t.Fatalf("message %d where %d belongs", k, first+i)
		}
	}
}
