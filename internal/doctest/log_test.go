package doctest

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

const logPage = "benchmarks/LOG.md"

// TestThresholdsCite: each threshold cites a section of LOG.md and the beginning of a row of it,
// or stands among its bounds; and no bound is named that is none.
func TestThresholdsCite(t *testing.T) {
	src := read(t, "poller/thresholds.go")
	_, src, _ = strings.Cut(src, "const (")
	log := read(t, logPage)
	bounds := section(t, log, "Bounds")
	cite := regexp.MustCompile(`\(LOG: "([^"]+)"(?:, ([^)]+))?\)`)
	var comment string
	names := 0
	for line := range strings.Lines(src) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "//") {
			comment += " " + strings.TrimSpace(line[2:])
			continue
		}
		name, _, found := strings.Cut(line, " ")
		if !found {
			continue
		}
		names++
		m := cite.FindStringSubmatch(comment)
		switch {
		case m == nil && strings.Contains(bounds, "`"+name+"`"): // of a pair
		case m == nil:
			t.Errorf("thresholds.go: %s cites nothing", name)
		case m[1] == "Bounds":
			if !strings.Contains(bounds, "`"+name+"`") {
				t.Errorf("%s: %s is not among the bounds", logPage, name)
			}
		case !citedRow(section(t, log, m[1]), m[2]):
			t.Errorf("%s: section %q has no row that begins with %q, which %s cites", logPage, m[1], m[2], name)
		}
		comment = ""
	}
	if names < 15 {
		t.Errorf("only %d thresholds found", names)
	}
	for _, m := range regexp.MustCompile("`([a-z]\\w+)`").FindAllStringSubmatch(bounds, -1) {
		if !regexp.MustCompile(`\t` + m[1] + ` +=`).MatchString(src) {
			t.Errorf("%s: there is no bound %s", logPage, m[1])
		}
	}
}

// citedRow reports whether a try begins with label and a colon.
func citedRow(text, label string) bool {
	for _, r := range rows(text) {
		if label != "" && strings.HasPrefix(r[3], label+":") {
			return true
		}
	}
	return false
}

// TestLogRows: a row of the log has a date, a commit and a command.
func TestLogRows(t *testing.T) {
	list := rows(read(t, logPage))
	if len(list) < 30 {
		t.Errorf("only %d rows found", len(list))
	}
	for _, r := range list {
		if len(r) != 6 {
			t.Errorf("%s: want date, commit, command, tried, gave, kept: %q", logPage, r)
			continue
		}
		if _, err := time.Parse(time.DateOnly, r[0]); err != nil {
			t.Errorf("%s: %v in %q", logPage, err, r)
		}
		for i, what := range []string{"date", "commit", "command", "tried", "gave"} {
			if r[i] == "" {
				t.Errorf("%s: no %s in %q", logPage, what, r)
			}
		}
	}
}
