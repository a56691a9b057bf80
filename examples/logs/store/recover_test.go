package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A sample is a segment of some blocks, one message each, and where they end.
type sample struct {
	name  string
	bytes []byte // but for the index
	index []byte
	ends  []int // of the header and of each block
	msgs  []string
}

func makeSample(t *testing.T, compress bool) sample {
	t.Helper()
	s := open(t, Options{Durability: Group, Compress: compress, Lanes: 1})
	sm := sample{ends: []int{headerSize}}
	for i := range 4 {
		msg := fmt.Sprintf("message %d xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", i)
		if err := s.store(t, msg); err != nil {
			t.Fatal(err)
		}
		sm.msgs = append(sm.msgs, msg)
	}
	closeStore(t, s)
	paths, _ := Segments(s.opts.Dir)
	var err error
	if sm.bytes, err = os.ReadFile(paths[0]); err != nil {
		t.Fatal(err)
	}
	sm.name = filepath.Base(paths[0])
	data, err := dataEnd(bytes.NewReader(sm.bytes), int64(len(sm.bytes)))
	if err != nil {
		t.Fatal(err)
	}
	sm.bytes, sm.index = sm.bytes[:data:data], sm.bytes[data:]
	for off := headerSize; off < len(sm.bytes); {
		var h blockHeader
		if !h.get((*[headerSize]byte)(sm.bytes[off:])) {
			t.Fatalf("no block at %d", off)
		}
		off += headerSize + int(h.length)
		sm.ends = append(sm.ends, off)
	}
	return sm
}

// in writes the sample, changed, into a new directory.
func (sm *sample) in(t *testing.T, b []byte) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	path = filepath.Join(dir, sm.name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, path
}

// Wherever a segment is cut: the whole blocks are there, the rest goes, and the
// next segment sorts behind it.
func TestRecoverTruncated(t *testing.T) {
	for _, compress := range []bool{false, true} {
		sm := makeSample(t, compress)
		for cut := range len(sm.bytes) + 1 {
			dir, path := sm.in(t, sm.bytes[:cut])
			whole := 0
			for whole < len(sm.msgs) && sm.ends[whole+1] <= cut {
				whole++
			}
			var msgs []string
			err := Scan(path, func(r Record) error { msgs = append(msgs, string(r.Msg)); return nil })
			if !slices.Equal(msgs, sm.msgs[:whole]) {
				t.Fatalf("cut at %d: scanned %q, want %d messages", cut, msgs, whole)
			}
			if torn := cut > headerSize && cut != sm.ends[whole]; errors.Is(err, ErrTorn) != torn {
				t.Fatalf("cut at %d: scan: %v", cut, err)
			}
			s := open(t, Options{Dir: dir, FS: nullFS{}, BatchSize: minBatch, Lanes: 1})
			closeStore(t, s)
			wantMessages(t, dir, sm.msgs[:whole]...)
			info, err := os.Stat(path)
			if whole == 0 {
				if !errors.Is(err, os.ErrNotExist) {
					t.Fatalf("cut at %d: a segment without blocks stays: %v", cut, err)
				}
			} else if err != nil || info.Size() != int64(sm.ends[whole]) {
				t.Fatalf("cut at %d: recovered to %v, %v, want %d bytes", cut, info, err, sm.ends[whole])
			}
		}
	}
}

// Whatever byte is flipped: only the block that it is in is lost, and recovery
// keeps the others.
func TestRecoverFlipped(t *testing.T) {
	for _, compress := range []bool{false, true} {
		sm := makeSample(t, compress)
		for i := range sm.bytes {
			b := slices.Clone(sm.bytes)
			b[i] ^= byte(1 + i%255)
			dir, _ := sm.in(t, b)
			want := slices.Clone(sm.msgs)
			bad := 0
			for bad < len(sm.ends) && sm.ends[bad] <= i {
				bad++
			}
			if bad > 0 {
				want = slices.Delete(want, bad-1, bad)
			}
			got, err := messages(dir)
			if !slices.Equal(got, want) {
				t.Fatalf("byte %d: scanned %q, want %q", i, got, want)
			}
			var wantErr error
			switch bad {
			case 0:
			case len(sm.msgs):
				wantErr = ErrTorn
			default:
				wantErr = ErrDamaged
			}
			if !errors.Is(err, wantErr) {
				t.Fatalf("byte %d: error %v, want %v", i, err, wantErr)
			}
			s := open(t, Options{Dir: dir, FS: nullFS{}, BatchSize: minBatch, Lanes: 1})
			closeStore(t, s)
			if got, _ = messages(dir); !slices.Equal(got, want) {
				t.Fatalf("byte %d: recovered %q, want %q", i, got, want)
			}
		}
	}
}

// Space that was reserved and not written is not damage that stays.
func TestRecoverZeros(t *testing.T) {
	sm := makeSample(t, false)
	dir, path := sm.in(t, append(slices.Clone(sm.bytes), make([]byte, 1<<20)...))
	s := open(t, Options{Dir: dir})
	if err := s.store(t, "next"); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	wantMessages(t, dir, append(slices.Clone(sm.msgs), "next")...)
	if info, err := os.Stat(path); err != nil || info.Size() != int64(len(sm.bytes)) {
		t.Errorf("recovered to %v, %v", info, err)
	}
	paths, _ := Segments(dir)
	if len(paths) != 2 || paths[0] != path {
		t.Errorf("segments are %v, want the new one last", paths)
	}
}

// What is torn behind another torn segment is recovered too, what is no segment is set
// aside, and other files are left alone.
func TestRecoverSeveral(t *testing.T) {
	sm := makeSample(t, false)
	dir, _ := sm.in(t, sm.bytes[:len(sm.bytes)-1])
	later := func(seq int) string {
		id, _ := parseSegmentName(sm.name)
		id.seq += uint64(seq)
		id.created = id.created.Add(1)
		return filepath.Join(dir, id.name())
	}
	foreign := make([]byte, 1000)
	copy(foreign, "this is not a segment")
	for path, b := range map[string][]byte{
		later(1):                        foreign,
		later(2):                        nil,
		later(3):                        sm.bytes[:headerSize+10],
		filepath.Join(dir, "notes.txt"): []byte("text"),
	} {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, Options{Dir: dir})
	closeStore(t, s)
	got, err := messages(dir)
	if !slices.Equal(got, sm.msgs[:3]) {
		t.Errorf("recovered %q, want %q", got, sm.msgs[:3])
	}
	if err != nil {
		t.Errorf("scan: %v", err)
	}
	paths, _ := Segments(dir)
	if !slices.Equal(paths, []string{filepath.Join(dir, sm.name)}) {
		t.Errorf("left are %v", paths)
	}
	if paths, _ = Damaged(dir); !slices.Equal(paths, []string{later(1) + damagedSuffix, later(3) + damagedSuffix}) {
		t.Errorf("set aside are %v", paths)
	}
}

// A segment of which no block can be read is put aside, not removed, unless there
// is nothing in it.
func TestRecoverNoBlocks(t *testing.T) {
	sm := makeSample(t, false)
	damaged := slices.Clone(sm.bytes)
	for _, off := range sm.ends[:len(sm.ends)-1] { // where blocks begin
		damaged[off] ^= 0xff
	}
	header := sm.bytes[:headerSize]
	for _, c := range []struct {
		name  string
		bytes []byte
		kept  bool
	}{
		{"all damaged", damaged, true},
		{"the first torn", sm.bytes[:headerSize+100], true},
		{"nothing", header, false},
		{"reserved space", append(slices.Clone(header), make([]byte, 100<<10)...), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, path := sm.in(t, c.bytes)
			s := open(t, Options{Dir: dir})
			if err := s.store(t, "next"); err != nil {
				t.Fatal(err)
			}
			closeStore(t, s)
			wantMessages(t, dir, "next")
			got, err := os.ReadFile(path + damagedSuffix)
			if c.kept && (err != nil || !slices.Equal(got, c.bytes)) {
				t.Errorf("%d bytes were put aside, want %d: %v", len(got), len(c.bytes), err)
			}
			if !c.kept && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%d bytes were put aside: %v", len(got), err)
			}
		})
	}
}
