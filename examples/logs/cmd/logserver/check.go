package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// summary is what is in a segment, or in several.
type summary struct {
	records, malformed, cut uint64
	bytes                   int64 // of messages
	first, last             int64 // Unix nanoseconds; 0: no records
}

func (m *summary) add(r store.Record) {
	m.records++
	m.bytes += int64(len(r.Msg))
	if r.Malformed {
		m.malformed++
	}
	if r.Cut {
		m.cut++
	}
	if m.first == 0 || r.First < m.first {
		m.first = r.First
	}
	m.last = max(m.last, r.Last)
}

// describe prints a line about a segment.
func describe(w io.Writer, path string, scan func(func(store.Record) error) error) error {
	var m summary
	err := scan(func(r store.Record) error {
		m.add(r)
		return nil
	})
	fmt.Fprintf(w, "%s  %d records, %d bytes, %d on disk", path, m.records, m.bytes, fileSize(path))
	if m.records > 0 {
		fmt.Fprintf(w, ", %s to %s", formatTime(m.first), formatTime(m.last))
	}
	if err != nil {
		fmt.Fprintf(w, ": %v", err)
	}
	fmt.Fprintln(w)
	return err
}

// runCheck reads every block of every segment, whose checksums have to be right, and
// prints totals in lines of a name and a number. What is damaged, or missing between what
// is there, is an error; not so the torn end of the newest segment, which may be being
// written.
func runCheck(args []string, out io.Writer) error {
	fs := flag.NewFlagSet("check", flag.ContinueOnError)
	if ok, err := parseCommand(fs, args, out); !ok {
		return err
	}
	var t totals
	var bad []error
	for _, path := range fs.Args() {
		found, err := t.check(path)
		if err != nil {
			return err
		}
		for _, err := range found {
			if errors.Is(err, store.ErrTorn) && !errors.Is(err, store.ErrDamaged) {
				t.torn++
			} else {
				bad = append(bad, err)
			}
		}
	}
	fmt.Fprintf(out, "segments %d\nrecords %d\nmalformed %d\ncut %d\nmessage-bytes %d\nfile-bytes %d\ntorn %d\n",
		t.segments, t.records, t.malformed, t.cut, t.bytes, t.onDisk, t.torn)
	if t.records > 0 {
		fmt.Fprintf(out, "first %s\nlast %s\n", formatTime(t.first), formatTime(t.last))
	}
	return errors.Join(bad...)
}

// totals are what check prints.
type totals struct {
	summary
	segments, torn, onDisk int64
}

// check reads a segment, or a directory of them. It returns what it finds wrong.
func (t *totals) check(path string) (found []error, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	segments := []string{path}
	if info.IsDir() {
		if segments, err = store.Segments(path); err != nil {
			return nil, err
		}
		found, err = new(store.Scanner).Check(path, func(_ string, r store.Record) error {
			t.add(r)
			return nil
		})
	} else if err = store.Scan(path, func(r store.Record) error {
		t.add(r)
		return nil
	}); errors.Is(err, store.ErrTorn) || errors.Is(err, store.ErrDamaged) {
		found, err = []error{err}, nil
	}
	t.segments += int64(len(segments))
	for _, s := range segments {
		t.onDisk += fileSize(s)
	}
	return found, err
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0 // removed meanwhile
	}
	return info.Size()
}

func formatTime(ns int64) string { return time.Unix(0, ns).Format(time.RFC3339Nano) }
