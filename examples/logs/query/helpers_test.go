package query

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/examples/logs/syslog"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// second is the Unix time of second i of the tests.
func second(i int) int64 { return time.Date(2026, 5, 1, 12, 0, i, 0, time.UTC).UnixNano() }

// A log is what a test stores.
type log struct {
	msg      string
	received int64
	lane     int
	source   *store.Source
}

// openStore opens a store with two lanes.
func openStore(t *testing.T, dir string, segmentSize int64) *store.Store {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir, Lanes: 2, SegmentSize: segmentSize, BatchSize: 4 << 10, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

type waiter chan error

func (w waiter) Stored(_ uint64, err error) { w <- err }

// put stores a log as a batch of its own.
func put(t *testing.T, s *store.Store, l log) {
	t.Helper()
	h, ok := syslog.Parse([]byte(l.msg), time.Unix(0, l.received))
	m := store.Meta{Facility: h.Facility, Severity: h.Severity, Malformed: !ok, Time: h.Time, Received: l.received, Host: h.Host, Source: l.source}
	lane, done := s.Lane(l.lane), make(waiter, 1)
	lane.Begin()
	seq, ok := lane.Append(m, []byte(l.msg))
	if ok {
		lane.Await(seq, done)
	}
	lane.End()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatalf("%q is not stored", l.msg)
	}
}

// fill makes a directory of logs, closed.
func fill(t *testing.T, segmentSize int64, logs ...log) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s := openStore(t, dir, segmentSize)
	for _, l := range logs {
		put(t, s, l)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// parse makes a query of parameters.
func parse(t *testing.T, params string) *Query {
	t.Helper()
	q := &Query{Now: time.Unix(0, second(100)).UTC()}
	if err := q.Parse(params); err != nil {
		t.Fatalf("%s: %v", params, err)
	}
	return q
}

// ask returns the texts of what a query finds in a directory.
func ask(t *testing.T, q *Query, dir string) (texts []string) {
	t.Helper()
	paths, err := store.Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Run(t.Context(), nil, [][]string{paths}, func(e *Entry) error {
		texts = append(texts, string(e.Text()))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return texts
}

// want fails unless two lists are the same.
func want(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %d, %.300q\nwant %d, %.300q", what, len(got), got, len(want), want)
	}
}

// numbered makes n logs that say their number, i seconds after the first, in rows of lanes.
func numbered(n int) (logs []log) {
	for i := range n {
		logs = append(logs, log{msg: fmt.Sprintf("<%d>1 - host%d app - - - %04d", 8+i%8, i%3, i), received: second(i), lane: i / 3 % 2})
	}
	return logs
}

func texts(logs []log) (list []string) {
	for _, l := range logs {
		list = append(list, strings.TrimSuffix(l.msg, "\n"))
	}
	return list
}

// A countingFS counts what is read of files.
type countingFS struct {
	store.StdFS
	read, opened atomic.Int64
	onOpen       func(n int64) // if not nil, is called before the n-th file is opened
}

type countingFile struct {
	store.OpenFile
	fs *countingFS
}

func (c *countingFS) Open(name string, write bool) (store.OpenFile, error) {
	if n := c.opened.Add(1); c.onOpen != nil {
		c.onOpen(n)
	}
	f, err := c.StdFS.Open(name, write)
	if err != nil {
		return nil, err
	}
	return countingFile{f, c}, nil
}

func (f countingFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.OpenFile.ReadAt(b, off)
	f.fs.read.Add(int64(n))
	return n, err
}

// timeout is a context that ends if a test takes too long.
func timeout(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), patience)
}
