package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/examples/logs/syslog"
)

// query is what "cat" is asked for.
type query struct {
	severity     uint8 // this one and worse
	since, until int64 // Unix nanoseconds; 0: no limit
	host         string
	malformed    bool // only those
	last         int  // only so many, the newest; 0: all
	files        bool // tell of the segments, not of the records
	escape       string
}

// Values of -escape.
const (
	escapeAuto   = "auto"
	escapeAlways = "always"
	escapeNever  = "never"
)

func (q *query) flags() *flag.FlagSet {
	fs := flag.NewFlagSet("cat", flag.ContinueOnError)
	now := time.Now()
	q.severity = 7
	fs.Func("severity", "only logs of this `severity` and worse: emerg, alert, crit, err, warning, notice,\ninfo, debug or 0 to 7", func(s string) (err error) {
		q.severity, err = parseSeverity(s)
		return err
	})
	fs.Func("since", "only logs of this `time` and later: 2026-01-02, \"2026-01-02 15:04:05\", RFC 3339, or\nhow long ago, as 90m", func(s string) (err error) {
		q.since, err = parseTime(s, now)
		return err
	})
	fs.Func("until", "only logs of this `time` and earlier", func(s string) (err error) {
		q.until, err = parseTime(s, now)
		return err
	})
	fs.StringVar(&q.host, "host", "", "only logs that name this `host`")
	fs.BoolVar(&q.malformed, "malformed", false, "only logs whose header could not be parsed")
	fs.IntVar(&q.last, "n", 0, "only the last `n`")
	fs.BoolVar(&q.files, "files", false, "print a line about each segment instead")
	q.escape = escapeAuto
	fs.Func("escape", "`when` to escape what could mislead: always, never, or auto, which is always on a\nterminal and control characters elsewhere; see below (default auto)", func(s string) error {
		if s != escapeAuto && s != escapeAlways && s != escapeNever {
			return fmt.Errorf("want %s, %s or %s", escapeAuto, escapeAlways, escapeNever)
		}
		q.escape = s
		return nil
	})
	fs.BoolFunc("raw", "the same as -escape never", func(string) error {
		q.escape = escapeNever
		return nil
	})
	return fs
}

// runCat prints stored logs, one a line.
func runCat(args []string, out io.Writer) error {
	var q query
	fs := q.flags()
	if ok, err := parseCommand(fs, args, out); !ok {
		return err
	}
	if q.last < 0 {
		return cli.Usage(errors.New("n must not be negative"))
	}
	e := q.escaping(out)
	w := bufio.NewWriterSize(out, 64<<10)
	var line []byte
	var kept [][]byte // if only the last are wanted: a ring of them
	next := 0
	err := scan(fs.Args(), store.Scanner{Since: q.since, Until: q.until}, func(path string, scan func(func(store.Record) error) error) error {
		if q.files {
			return describe(w, path, scan)
		}
		return scan(func(r store.Record) error {
			if !q.wants(r) {
				return nil
			}
			if q.last == 0 {
				line = e.line(line[:0], r.Msg)
				_, err := w.Write(line)
				return err
			}
			if len(kept) < q.last {
				kept = append(kept, nil)
			}
			kept[next] = e.line(kept[next][:0], r.Msg)
			next = (next + 1) % q.last
			return nil
		})
	})
	if len(kept) == q.last { // full: the oldest is the next to be replaced
		kept = slices.Concat(kept[next:], kept[:next])
	}
	for _, line := range kept {
		_, _ = w.Write(line) // Flush returns the error
	}
	return cmp.Or(w.Flush(), err)
}

// parseCommand parses the flags and paths of a command. Unless ok, the command
// has ended: with an error, or with the help that was asked for.
func parseCommand(fs *flag.FlagSet, args []string, out io.Writer) (ok bool, err error) {
	fs.SetOutput(io.Discard) // errors are returned
	err = fs.Parse(args)
	switch line := fmt.Sprintf("usage: logserver %s [flags] dir|segment...", fs.Name()); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(out, line)
		fs.SetOutput(out)
		fs.PrintDefaults()
		if fs.Lookup("escape") != nil {
			fmt.Fprint(out, escapeHelp)
		}
		return false, nil
	case err != nil:
		return false, cli.Usage(err)
	case fs.NArg() == 0:
		return false, cli.Usage(errors.New(line))
	}
	return true, nil
}

// wants reports whether a record is asked for.
func (q *query) wants(r store.Record) bool {
	if r.Severity > q.severity || q.malformed && !r.Malformed {
		return false
	}
	if q.host == "" && q.since == 0 && q.until == 0 {
		return true
	}
	h, _ := syslog.Parse(r.Msg, time.Unix(0, r.Last))
	if q.host != "" && string(h.Host) != q.host {
		return false
	}
	first, last := r.First, r.Last // without a time of its own it came in between
	if h.Time != 0 {
		first, last = h.Time, h.Time
	}
	return (q.since == 0 || last >= q.since) && (q.until == 0 || first <= q.until)
}

// escaping is what -escape asks for on out.
func (q *query) escaping(out io.Writer) escaping {
	switch {
	case q.escape == escapeNever:
		return escapeNothing
	case q.escape == escapeAlways || cli.IsTerminal(out):
		return escapeAll
	default:
		return escapeControls
	}
}

// line appends a message as a line. (Templates of rsyslog end messages in a
// newline, also where the framing needs none.)
func (e escaping) line(b, msg []byte) []byte {
	return append(e.append(b, bytes.TrimSuffix(msg, []byte("\n"))), '\n')
}

// parseSeverity reads a severity's name or number.
func parseSeverity(s string) (uint8, error) {
	if i := slices.Index(stats.SeverityNames[:], s); i >= 0 {
		return uint8(i), nil
	}
	if n, err := strconv.ParseUint(s, 10, 8); err == nil && n <= 7 {
		return uint8(n), nil
	}
	return 0, fmt.Errorf("want one of %v, or 0 to 7", stats.SeverityNames)
}

// parseTime reads a point in time, or how long before now it is.
func parseTime(s string, now time.Time) (int64, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d).UnixNano(), nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t.UnixNano(), nil
		}
	}
	return 0, errors.New(`want a time like 2026-01-02, "2026-01-02 15:04:05" or 90m (ago)`)
}

// scan calls f for each segment of the paths, which are segments and
// directories of them, with the function that reads it. Segments that are torn
// or damaged do not stop it; the error tells of them. (Torn is also the one
// that a server is writing to; that one goes without saying.)
func scan(paths []string, s store.Scanner, f func(path string, scan func(func(store.Record) error) error) error) error {
	var segments []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			segments = append(segments, path)
			continue
		}
		in, err := store.Segments(path)
		if err != nil {
			return err
		}
		segments = append(segments, in...)
	}
	var damaged []error
	for _, path := range segments {
		err := f(path, func(fn func(store.Record) error) error { return s.Scan(path, fn) })
		switch {
		case err == nil, errors.Is(err, store.ErrTorn):
		case errors.Is(err, store.ErrDamaged):
			damaged = append(damaged, err)
		default:
			return err
		}
	}
	return errors.Join(damaged...)
}
