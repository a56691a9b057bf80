package store

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A message that contains a block is not taken for one, even if the block that
// it is in is damaged.
func TestForgedBlock(t *testing.T) {
	other := makeSample(t, false)
	s := open(t, Options{Durability: Group})
	for _, msg := range []string{"one", string(other.bytes), "three"} {
		if err := s.store(t, msg); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, s)
	paths, _ := Segments(s.opts.Dir)
	b, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	var h blockHeader
	if !h.get((*[headerSize]byte)(b[headerSize:])) {
		t.Fatal("no first block")
	}
	b[2*headerSize+int(h.length)+10]++ // within the header of the second
	if err := os.WriteFile(paths[0], b, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := messages(s.opts.Dir)
	if !errors.Is(err, ErrDamaged) || len(got) != 2 || got[0] != "one" || got[1] != "three" {
		t.Errorf("got %q, error %v", got, err)
	}
}

// The same block in two segments is delivered once by a Scanner.
func TestScanOnce(t *testing.T) {
	sm := makeSample(t, false)
	dir, path := sm.in(t, sm.bytes)
	id, _ := parseSegmentName(sm.name)
	id.seq++
	again := filepath.Join(dir, id.name())
	b := append(slices.Clone(sm.bytes[:headerSize]), sm.bytes[sm.ends[1]:]...)
	if err := os.WriteFile(again, b, 0o644); err != nil {
		t.Fatal(err)
	}
	wantMessages(t, dir, sm.msgs...)
	// The first segment without its second block: that one comes later.
	b = append(slices.Clone(sm.bytes[:sm.ends[1]]), sm.bytes[sm.ends[2]:]...)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	wantMessages(t, dir, sm.msgs[0], sm.msgs[2], sm.msgs[3], sm.msgs[1])
}

func TestScanTimes(t *testing.T) {
	s := open(t, Options{Durability: Group, Lanes: 1})
	l := s.Lane(0)
	for i := range 5 {
		done := make(chan struct{})
		l.Begin()
		seq, _ := l.Append(Meta{Received: int64(100 * (i + 1)), Time: int64(100 * (i + 1))}, []byte{'a' + byte(i)})
		l.Await(seq, waiterFunc(func(uint64, error) { close(done) }))
		l.End()
		<-done
	}
	closeStore(t, s)
	for _, c := range []struct {
		since, until int64
		want         string
	}{{0, 0, "abcde"}, {200, 0, "bcde"}, {201, 400, "cd"}, {0, 99, ""}, {500, 500, "e"}} {
		got := ""
		sc := &Scanner{Since: c.since, Until: c.until}
		err := sc.Dir(s.opts.Dir, func(r Record) error { got += string(r.Msg); return nil })
		if got != c.want || err != nil {
			t.Errorf("%d..%d: got %q, %v, want %q", c.since, c.until, got, err, c.want)
		}
	}
}

// The caller's error ends a scan and comes back as it is.
func TestScanStops(t *testing.T) {
	sm := makeSample(t, false)
	dir, path := sm.in(t, sm.bytes)
	for _, want := range []error{errors.New("enough"), fs.ErrNotExist, ErrTorn} {
		calls := 0
		fn := func(Record) error { calls++; return want }
		if err := Scan(path, fn); err != want {
			t.Errorf("Scan: %v, want %v", err, want)
		}
		if err := new(Scanner).Dir(dir, fn); err != want {
			t.Errorf("Dir: %v, want %v", err, want)
		}
		if calls != 2 {
			t.Errorf("%d calls, want 2", calls)
		}
	}
	if err := Scan(path+"x", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
}

func TestRanges(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var s ranges
		model := map[uint64]bool{}
		for range 100 {
			n := uint64(r.IntN(60))
			if s.add(n) == model[n] {
				t.Fatalf("add(%d): new %v, of %v", n, !model[n], s.r)
			}
			model[n] = true
			for i := 1; i < len(s.r); i++ {
				if s.r[i-1][1] >= s.r[i][0] {
					t.Fatalf("intervals %v touch", s.r)
				}
			}
		}
	}
}
