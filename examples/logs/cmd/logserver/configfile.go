package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"strings"
)

// applyFile sets the flags that a configuration file names. A line is empty, a
// comment that begins with #, or name = value; a comment may follow the value
// after a space. An error says in which line.
func applyFile(fs *flag.FlagSet, path string, r io.Reader) error {
	lines := bufio.NewScanner(r)
	seen := map[string]int{}
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(stripComment(lines.Text()))
		if text == "" {
			continue
		}
		name, value, found := strings.Cut(text, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		f := fs.Lookup(name)
		var err error
		switch {
		case !found:
			err = fmt.Errorf("%q is not of the form name = value", text)
		case f == nil || name == "config":
			err = fmt.Errorf("unknown setting %q%s", name, suggestion(fs, name))
		case seen[name] > 0 && !isList(f):
			err = fmt.Errorf("%s is set already in line %d", name, seen[name])
		default:
			if err = fs.Set(name, value); err != nil {
				err = fmt.Errorf("%s: bad value %q: %w", name, value, err)
			}
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		seen[name] = n
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// stripComment drops what begins with # at the beginning or after a space.
func stripComment(line string) string {
	for i, c := range line {
		if c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}

func isList(f *flag.Flag) bool {
	_, ok := f.Value.(*list)
	return ok
}

// suggestion names the setting that somebody who wrote name may have meant.
func suggestion(fs *flag.FlagSet, name string) (s string) {
	best := 3 // edits; more are another word
	fs.VisitAll(func(f *flag.Flag) {
		if d := distance(name, f.Name); d < best && f.Name != "config" {
			best, s = d, fmt.Sprintf(" (did you mean %q?)", f.Name)
		}
	})
	return s
}

// distance returns how many letters have to be put in, left out or changed to
// make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
