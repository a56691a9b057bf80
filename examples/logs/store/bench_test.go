package store

import (
	"bytes"
	"io/fs"
	"testing"
	"time"
)

// nullFS writes nowhere.
type nullFS struct{ StdFS }

type nullFile struct{}

func (nullFS) Create(string, fs.FileMode) (File, error)   { return nullFile{}, nil }
func (nullFile) WriteAt(b []byte, _ int64) (int, error)   { return len(b), nil }
func (nullFile) WriteSync(b []byte, _ int64) (int, error) { return len(b), nil }
func (nullFile) Datasync() error                          { return nil }
func (nullFile) Allocate(int64, int64) error              { return nil }
func (nullFile) Truncate(int64) error                     { return nil }
func (nullFile) Close() error                             { return nil }

// benchmarkAppend appends messages of 100 bytes in chunks of 640.
func benchmarkAppend(b *testing.B, o Options) {
	o.Dir = b.TempDir()
	o.Lanes = 1
	s, err := Open(o)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	msg := bytes.Repeat([]byte("x"), 100)
	m := Meta{Severity: 6, Time: time.Now().UnixNano()}
	l := s.Lane(0)
	b.SetBytes(int64(len(msg)))
	b.ReportAllocs()
	for i := 0; i < b.N; {
		l.Begin()
		ok := true
		for end := min(b.N, i+640); ok && i < end; {
			if _, ok = l.Append(m, msg); ok {
				i++
			}
		}
		l.End()
		if !ok {
			if err := l.Wait(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkAppend is the cost of Append with nothing behind it but the writer's
// checksum.
func BenchmarkAppend(b *testing.B) { benchmarkAppend(b, Options{FS: nullFS{}}) }

// BenchmarkStore writes to a file too.
func BenchmarkStore(b *testing.B) {
	for _, d := range []Durability{None, Interval, Group} {
		b.Run(d.String(), func(b *testing.B) { benchmarkAppend(b, Options{Durability: d}) })
	}
	b.Run("zstd", func(b *testing.B) { benchmarkAppend(b, Options{Compress: true}) })
}
