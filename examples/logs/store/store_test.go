package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var modes = []Options{
	{Durability: None}, {Durability: Interval, Interval: 2 * time.Millisecond}, {Durability: Group},
	{Durability: None, Compress: true}, {Durability: Group, Compress: true},
}

// forModes runs a test for each durability, with and without compression.
func forModes(t *testing.T, f func(t *testing.T, o Options)) {
	for _, o := range modes {
		name := o.Durability.String()
		if o.Compress {
			name += "-zstd"
		}
		t.Run(name, func(t *testing.T) { f(t, o) })
	}
}

// Several lanes, rotation, batches that fill: all comes back, in order.
func TestRoundTrip(t *testing.T) {
	forModes(t, func(t *testing.T, o Options) {
		o.Lanes, o.Batches, o.BatchSize, o.SegmentSize = 3, 8, 4<<10, 64<<10
		s := open(t, o)
		ps := produce(s, 3000)
		checkAll(t, s, ps)
		if n := s.stats.Stored.Load(); n != 9000 {
			t.Errorf("%d stored counted, want 9000", n)
		}
		paths, _ := Segments(s.opts.Dir)
		if n := s.stats.Rotations.Load(); n < 1 || int(n) != len(paths)-1 {
			t.Errorf("%d rotations counted, %d segments", n, len(paths))
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err != nil || info.Size() > o.SegmentSize+1<<10 { // with its index
				t.Errorf("segment %v of more than %d bytes, error %v", info, o.SegmentSize, err)
			}
		}
		if o.Durability != None && s.stats.Syncs.Load() == 0 {
			t.Error("nothing was synced")
		}
		written, stored := s.stats.BytesWritten.Load(), s.stats.BytesStored.Load()
		if o.Compress == (written >= stored) {
			t.Errorf("%d bytes written for %d bytes of messages", written, stored)
		}
	})
}

// What Append is given is what a Scanner delivers, whatever it is.
func TestRecord(t *testing.T) {
	random := make([]byte, 5000)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	records := []Record{
		{Severity: 0, Msg: []byte("emergency")},
		{Severity: 7, Malformed: true, Msg: []byte("debug")},
		{Severity: 3, Msg: nil},
		{Severity: 4, Msg: []byte("\n\x00\n")},
		{Severity: 5, Msg: bytes.Repeat([]byte("x"), 127)},
		{Severity: 5, Msg: bytes.Repeat([]byte("y"), 128)},
		{Severity: 6, Msg: random}, // does not compress
	}
	for _, compress := range []bool{false, true} {
		s := open(t, Options{Lanes: 1, Compress: compress, BatchSize: 8 << 10})
		l := s.Lane(0)
		l.Begin()
		for i, r := range records {
			if _, ok := l.Append(Meta{Severity: r.Severity, Malformed: r.Malformed, Received: int64(100 - i)}, r.Msg); !ok {
				t.Fatalf("record %d refused", i)
			}
		}
		l.End()
		closeStore(t, s)
		i := 0
		err := new(Scanner).Dir(s.opts.Dir, func(r Record) error {
			w := records[i]
			i++
			if r.Severity != w.Severity || r.Malformed != w.Malformed || !bytes.Equal(r.Msg, w.Msg) {
				t.Errorf("record %d: got %d %v %.40q, want %d %v %.40q",
					i, r.Severity, r.Malformed, r.Msg, w.Severity, w.Malformed, w.Msg)
			}
			if r.First != 94 || r.Last != 100 {
				t.Errorf("times %d..%d, want 94..100", r.First, r.Last)
			}
			return nil
		})
		if err != nil || i != len(records) {
			t.Errorf("%d records, error %v", i, err)
		}
	}
}

// A message longer than a batch is cut and counted; one that just fits is not.
func TestLongMessage(t *testing.T) {
	for _, compress := range []bool{false, true} {
		s := open(t, Options{BatchSize: 1 << 10, Compress: compress, Durability: Group})
		limit := s.MaxRecord()
		for _, n := range []int{limit - 1, limit, limit + 1, 10 * limit} {
			if err := s.store(t, strings.Repeat("a", n)); err != nil {
				t.Fatal(err)
			}
		}
		closeStore(t, s)
		whole := strings.Repeat("a", limit)
		wantMessages(t, s.opts.Dir, whole[1:], whole, whole, whole)
		if n := s.stats.Oversized.Load(); n != 2 {
			t.Errorf("%d oversized counted, want 2", n)
		}
	}
}

// A batch that does not fill is written when it is old enough, and the writer
// needs no other batch for that.
func TestBatchDelay(t *testing.T) {
	for _, d := range []Durability{None, Interval} {
		s := open(t, Options{Durability: d, BatchDelay: time.Millisecond, Lanes: 2})
		for i := range 20 {
			if err := s.store(t, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		if n := s.stats.Batches.Load(); n != 20 {
			t.Errorf("%v: %d batches for 20 messages that were waited for", d, n)
		}
	}
}

// Under Interval what was written is synced in time without more coming.
func TestIntervalSyncs(t *testing.T) {
	fs := &faultFS{}
	s := open(t, Options{Durability: Interval, Interval: time.Millisecond, FS: fs})
	for i := range 3 {
		before := fs.syncs.Load()
		if err := s.store(t, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a sync", func() bool { return fs.syncs.Load() > before })
	}
}

func TestRotationByAge(t *testing.T) {
	var clock atomic.Int64
	clock.Store(time.Date(2026, 5, 6, 7, 8, 9, 10, time.UTC).UnixNano())
	now := func() time.Time { return time.Unix(0, clock.Load()).UTC() }
	s := open(t, Options{Durability: Group, SegmentAge: time.Hour, now: now})
	put := func(msg string, segments int) {
		t.Helper()
		if err := s.store(t, msg); err != nil {
			t.Fatal(err)
		}
		if paths, _ := Segments(s.opts.Dir); len(paths) != segments {
			t.Errorf("after %q: %d segments, want %d", msg, len(paths), segments)
		}
	}
	put("a", 1)
	clock.Add(int64(59 * time.Minute))
	put("b", 1)
	clock.Add(int64(time.Minute))
	put("c", 2)
	closeStore(t, s)
	clock.Add(-int64(24 * time.Hour)) // set back: names keep the order
	s = open(t, s.opts)
	put("d", 3)
	clock.Add(int64(time.Hour))
	put("e", 4)
	closeStore(t, s)
	wantMessages(t, s.opts.Dir, "a", "b", "c", "d", "e")
	paths, _ := Segments(s.opts.Dir)
	if !strings.HasSuffix(paths[0], "20260506T070809.000000010-00000001.seg") {
		t.Errorf("first segment is %s", paths[0])
	}
}

// A segment that is old enough is finished though nothing comes any more.
func TestRotationWhileIdle(t *testing.T) {
	fs := &faultFS{}
	s := open(t, Options{SegmentAge: 5 * time.Millisecond, FS: fs})
	if err := s.store(t, "a"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the segment to be closed", func() bool { return fs.closes.Load() == 1 })
	if n := fs.creates.Load(); n != 1 {
		t.Errorf("%d segments made with nothing to write, want 1", n)
	}
}

// A directory has one store at a time, and an empty segment does not stay.
func TestOneStore(t *testing.T) {
	s := open(t, Options{})
	if other, err := Open(Options{Dir: s.opts.Dir}); err == nil {
		other.Close()
		t.Error("a second store was opened")
	}
	closeStore(t, s)
	if paths, _ := Segments(s.opts.Dir); len(paths) != 0 {
		t.Errorf("an unused store left %v", paths)
	}
	s = open(t, Options{Dir: s.opts.Dir})
	closeStore(t, s)
}

func TestOpenErrors(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"no directory":     {},
		"directory a file": {Dir: file},
		"small batches":    {Dir: t.TempDir(), BatchSize: 100},
		"large batches":    {Dir: t.TempDir(), BatchSize: 1 << 30},
		"lanes":            {Dir: t.TempDir(), Lanes: 1 << 20},
		"durability":       {Dir: t.TempDir(), Durability: 9},
	} {
		if s, err := Open(o); err == nil {
			s.Close()
			t.Errorf("%s: no error", name)
		}
	}
}

func TestParseDurability(t *testing.T) {
	for _, d := range []Durability{None, Interval, Group} {
		if got, err := ParseDurability(d.String()); got != d || err != nil {
			t.Errorf("%v: got %v, %v", d, got, err)
		}
	}
	if _, err := ParseDurability("Durability(9)"); err == nil {
		t.Error("nonsense was parsed")
	}
}

// After Close nothing is taken, and nobody waits for ever.
func TestClosed(t *testing.T) {
	s := open(t, Options{})
	closeStore(t, s)
	l := s.Lane(0)
	l.Begin()
	_, ok := l.Append(Meta{}, []byte("late"))
	l.End()
	if ok {
		t.Error("a closed store took a record")
	}
	if err := l.Wait(); err != ErrClosed {
		t.Errorf("Wait: %v, want ErrClosed", err)
	}
	closeStore(t, s)
}
