package sink

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// table returns the names in backquotes in the first column of a table of the manual.
func table(t *testing.T, head string) (names []string) {
	t.Helper()
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(b), "\n"+head)
	if !found {
		t.Fatalf("no table %q", head)
	}
	text, _, _ = strings.Cut(text, "\n\n")
	quoted := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !strings.HasPrefix(line, "| `") {
			continue
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return names
}

// The manual has every option and every metric, and no others.
func TestManual(t *testing.T) {
	var options, exposed []string
	for _, o := range new(Config).options() {
		options = append(options, o.name)
	}
	for _, m := range metrics {
		exposed = append(exposed, m.name)
	}
	exposed = append(exposed, "delay_seconds")
	slices.Sort(options)
	slices.Sort(exposed)
	if got := table(t, "| option |"); !slices.Equal(got, options) {
		t.Errorf("options in the manual %q\nin the code %q", got, options)
	}
	if got := table(t, "| metric, `logserver_sink_` |"); !slices.Equal(got, exposed) {
		t.Errorf("metrics in the manual %q\nin the code %q", got, exposed)
	}
}
