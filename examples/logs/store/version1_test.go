package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Segments that were written before format version 2 are read as before: plain,
// compressed, cut short and damaged ones.
func TestVersion1(t *testing.T) {
	for _, c := range []struct {
		name string
		want []int // which of the six messages are there
		err  error
	}{
		{"plain", []int{0, 1, 2, 3, 4, 5}, nil},
		{"zstd", []int{0, 1, 2, 3, 4, 5}, nil},
		{"torn", []int{0, 1, 2, 3, 4}, ErrTorn},
		{"damaged", []int{1, 2, 3, 4, 5}, ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []int
			err := Scan(filepath.Join("testdata", "v1", c.name+".seg"), func(r Record) error {
				i := int(r.Severity)
				if want := version1(i); string(r.Msg) != want {
					t.Errorf("message %q, want %q", r.Msg, want)
				}
				if r.Malformed != (i == 3) || r.Lane != i%2 || r.Batch != uint64(i/2+1) {
					t.Errorf("record %d: %+v", i, r)
				}
				if at := int64(1764158400000000000 + i*1000); r.First != at || r.Last != at {
					t.Errorf("record %d: times %d to %d, want %d", i, r.First, r.Last, at)
				}
				got = append(got, i)
				return nil
			})
			if !slices.Equal(got, c.want) {
				t.Errorf("read %v, want %v", got, c.want)
			}
			if !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Errorf("error %v, want %v", err, c.err)
			}
		})
	}
}

// Such segments are recovered, and followed by new ones in the same directory.
func TestVersion1Continued(t *testing.T) {
	dir := t.TempDir()
	b, err := os.ReadFile(filepath.Join("testdata", "v1", "torn.seg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "20261126T120000.000000000-00000001.seg"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Dir: dir})
	if err := s.store(t, "new"); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	var want []string
	for i := range 5 {
		want = append(want, version1(i))
	}
	wantMessages(t, dir, append(want, "new")...)
}

func version1(i int) string {
	return fmt.Sprintf("<%d>Nov 26 12:00:0%d host app: message %d of version 1, which repeats repeats repeats repeats itself", 8+i, i, i)
}
