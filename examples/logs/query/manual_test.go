package query

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// The manual lists all that can be asked for and each field of an answer, and no others.
func TestManual(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	section := func(title string) (names []string) {
		_, text, _ := strings.Cut(string(b), "\n## "+title+"\n")
		text, _, _ = strings.Cut(text, "\n## ")
		for line := range strings.Lines(text) {
			if cell, ok := strings.CutPrefix(line, "| `"); ok {
				for _, m := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch("`"+strings.SplitN(cell, " | ", 2)[0], -1) {
					names = append(names, m[1])
				}
			}
		}
		slices.Sort(names)
		return names
	}
	names := Names()
	slices.Sort(names)
	want(t, "what can be asked for", section("What can be asked for"), names)
	e := &Entry{Record: store.Record{
		Version: 2, Received: 1, Time: 1, Malformed: true, Cut: true, More: true, Msg: []byte("<13>1 - h a p - - \xff"),
		Source: &store.Source{Peer: "p", Listener: "l", Subject: "s"},
	}}
	fields := []string{"error"}
	for _, m := range regexp.MustCompile(`"([a-z]+)":`).FindAllStringSubmatch(string(AppendJSON(nil, e)), -1) {
		fields = append(fields, m[1])
	}
	slices.Sort(fields)
	want(t, "fields", section("HTTP"), fields)
}
