package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// checkDir checks a directory and counts its records.
func checkDir(t *testing.T, dir string) (records int, err error) {
	t.Helper()
	bad, err := new(Scanner).Check(dir, func(string, Record) error {
		records++
		return nil
	})
	return records, errors.Join(append(bad, err)...)
}

// What is missing or damaged is found, and what retention has removed is not missing.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string, paths []string)
		want   error
		left   int // of six records, one in each of six segments
	}{
		{"nothing", func(*testing.T, string, []string) {}, nil, 6},
		{"oldest removed", func(t *testing.T, _ string, p []string) { remove(p[0]); remove(p[1]) }, nil, 4},
		{"one removed", func(t *testing.T, _ string, p []string) { remove(p[2]) }, ErrGap, 5},
		{"one empty", func(t *testing.T, _ string, p []string) { write(t, p[2], nil) }, ErrDamaged, 5},
		{"garbage", func(t *testing.T, _ string, p []string) { write(t, p[2], make([]byte, 5000)) }, ErrDamaged, 5},
		{"a header alone", func(t *testing.T, _ string, p []string) {
			b, _ := os.ReadFile(p[2])
			write(t, p[2], b[:headerSize])
		}, ErrDamaged, 5},
		{"a batch missing", func(t *testing.T, _ string, p []string) {
			b, _ := os.ReadFile(p[2])
			c, _ := os.ReadFile(p[3])
			write(t, p[2], append(b[:headerSize], c[headerSize:]...))
		}, ErrGap, 5},
		{"cut", func(t *testing.T, _ string, p []string) {
			b, _ := os.ReadFile(p[2])
			write(t, p[2], b[:3*headerSize])
		}, ErrTorn, 5},
		{"set aside", func(t *testing.T, dir string, p []string) {
			write(t, filepath.Join(dir, "20260101T000000.000000000-00000001.seg"+damagedSuffix), []byte("x"))
		}, ErrDamaged, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, paths := fill(t, 6)
			c.change(t, dir, paths)
			n, err := checkDir(t, dir)
			if n != c.left || !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("%d records, error %v, want %d, %v", n, err, c.left, c.want)
			}
		})
	}
}

// A store that is opened and closed without a record leaves no gap.
func TestCheckRestarts(t *testing.T) {
	dir := t.TempDir()
	for i := range 6 {
		s := open(t, Options{Dir: dir, Durability: Group})
		if i%2 == 0 {
			if err := s.store(t, "message"); err != nil {
				t.Fatal(err)
			}
		}
		closeStore(t, s)
	}
	if n, err := checkDir(t, dir); n != 3 || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What follows the last block of a segment is set aside if it may have been
// acknowledged, as it is, and cut if it cannot have been.
func TestTail(t *testing.T) {
	sm := makeSample(t, false)
	last := sm.ends[len(sm.ends)-2] // where the last block begins
	flipped := append([]byte(nil), sm.bytes...)
	flipped[len(flipped)-3] ^= 1
	header := append([]byte(nil), sm.bytes...)
	header[last+20] ^= 1
	for _, c := range []struct {
		name  string
		bytes []byte
		aside bool
	}{
		{"damaged in its payload", flipped, true},
		{"damaged in its header", header, true},
		{"not written whole", sm.bytes[:len(sm.bytes)-3], false},
		{"a header alone", sm.bytes[:last+headerSize], false},
		{"less than a header", sm.bytes[:last+headerSize-1], false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, path := sm.in(t, c.bytes)
			s := open(t, Options{Dir: dir})
			closeStore(t, s)
			got, err := os.ReadFile(path + damagedSuffix)
			if c.aside != (err == nil) || c.aside && string(got) != string(c.bytes[last:]) {
				t.Errorf("set aside %d bytes, %v", len(got), err)
			}
			if n := s.stats.Damaged.Load(); (n > 0) != c.aside {
				t.Errorf("%d damages counted", n)
			}
			if info, err := os.Stat(path); err != nil || info.Size() != int64(last) {
				t.Errorf("the segment is left with %v, %v", info, err)
			}
		})
	}
}
