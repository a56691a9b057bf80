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
	records, malformed uint64
	bytes              int64 // of messages
	first, last        int64 // Unix nanoseconds; 0: no records
}

func (m *summary) add(r store.Record) {
	m.records++
	m.bytes += int64(len(r.Msg))
	if r.Malformed {
		m.malformed++
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

// runCheck reads every block of every segment, whose checksums have to be
// right, and prints totals in lines of a name and a number.
func runCheck(args []string, out io.Writer) error {
	fs := flag.NewFlagSet("check", flag.ContinueOnError)
	if ok, err := parseCommand(fs, args, out); !ok {
		return err
	}
	var m summary
	var segments, torn, onDisk int64
	err := scan(fs.Args(), store.Scanner{}, func(path string, scan func(func(store.Record) error) error) error {
		segments++
		onDisk += fileSize(path)
		err := scan(func(r store.Record) error {
			m.add(r)
			return nil
		})
		if errors.Is(err, store.ErrTorn) {
			torn++
		}
		return err
	})
	fmt.Fprintf(out, "segments %d\nrecords %d\nmalformed %d\nmessage-bytes %d\nfile-bytes %d\ntorn %d\n",
		segments, m.records, m.malformed, m.bytes, onDisk, torn)
	if m.records > 0 {
		fmt.Fprintf(out, "first %s\nlast %s\n", formatTime(m.first), formatTime(m.last))
	}
	return err
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0 // removed meanwhile
	}
	return info.Size()
}

func formatTime(ns int64) string { return time.Unix(0, ns).Format(time.RFC3339Nano) }
