package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// applyFile sets the flags that a configuration file names. A line is empty, a
// comment that begins with #, or name = value; a comment may follow the value
// after a space. An error says in which line.
func (s *Set) applyFile(path string, r io.Reader) error {
	lines := bufio.NewScanner(r)
	seen := map[string]int{}
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(stripComment(lines.Text()))
		if text == "" {
			continue
		}
		where := fmt.Sprintf("%s:%d", path, n)
		name, value, found := strings.Cut(text, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		f := s.flags.Lookup(name)
		switch {
		case !found:
			return fmt.Errorf("%s: %q is not of the form name = value", where, text)
		case f == nil || name == configFlag:
			return fmt.Errorf("%s: unknown setting %q%s", where, name, s.suggestion(name, ""))
		case seen[name] > 0 && !f.Value.(*setting).isList():
			return fmt.Errorf("%s: %s is set already in line %d", where, name, seen[name])
		}
		if err := f.Value.Set(value); err != nil {
			return refusedAt(err, where)
		}
		s.where[name] = where
		seen[name] = n
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// refusedAt adds to a refusal where the value stands.
func refusedAt(err error, where string) error {
	if r, ok := err.(*Refusal); ok {
		r.Where = where
	}
	return err
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
