package doctest

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of flags into the pages")

// programs are the pages on which the flags of programs, and of their commands, are.
var programs = []struct {
	dir, command, page, heading string
}{
	{"benchmarks/cmd/suite", "", "benchmarks/README.md", "Flags of suite"},
	{"benchmarks/cmd/compare", "", "benchmarks/README.md", "Flags of compare"},
	{"examples/logs/cmd/logserver", "", "examples/logs/README.md", "Flags of logserver"},
	{"examples/logs/cmd/logserver", "cat", "examples/logs/README.md", "Flags of logserver cat"},
	{"examples/logs/cmd/logship", "", "examples/logs/README.md", "Flags of logship"},
	{"examples/logs/cmd/logbench", "", "examples/logs/README.md", "Flags of logbench"},
	{"examples/doctor", "", "docs/performance.md", "Flags of doctor"},
}

// TestFlags: the table of a program's flags is what its -h prints. With -update it is
// made so:
//
//	go test ./internal/doctest -run TestFlags -update
func TestFlags(t *testing.T) {
	for _, p := range programs {
		want := flagTable(help(t, p.dir, p.command))
		if len(want) < 5 {
			t.Errorf("%s %s: -h has only %d lines of flags", p.dir, p.command, len(want))
			continue
		}
		text := read(t, p.page)
		before, table, after := tableOf(t, text, p.heading)
		if slices.Equal(table, want) {
			continue
		}
		if *update {
			text = before + strings.Join(want, "\n") + "\n" + after
			if err := os.WriteFile(filepath.Join(root, p.page), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		for _, row := range want {
			if !slices.Contains(table, row) {
				t.Errorf("%s: section %q lacks %s", p.page, p.heading, row)
			}
		}
		for _, row := range table {
			if !slices.Contains(want, row) {
				t.Errorf("%s: section %q has %s, which -h has not", p.page, p.heading, row)
			}
		}
	}
}

// help is what a program prints for -h.
func help(t *testing.T, dir, command string) string {
	t.Helper()
	args := []string{"run", "./" + dir}
	if command != "" {
		args = append(args, command)
	}
	cmd := exec.Command("go", append(args, "-h")...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out)
}

var (
	flagLine    = regexp.MustCompile("^  -([a-z0-9-]+)(?: (.+))?$")
	flagAndText = regexp.MustCompile("^  -([a-z0-9-]+)\t(.*)$") // of one letter
)

// flagTable makes the rows of a table from what package flag prints.
func flagTable(help string) []string {
	table := []string{"| flag | value | |", "|---|---|---|"}
	add := func(name, value, text string) {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "|", `\|`), "<", "&lt;")
		table = append(table, strings.TrimRight("| `-"+name+"` | "+value+" | "+text, " ")+" |")
	}
	lines := strings.Split(help, "\n")
	for i := 0; i < len(lines); i++ {
		if m := flagAndText.FindStringSubmatch(lines[i]); m != nil {
			add(m[1], "", m[2])
			continue
		}
		m := flagLine.FindStringSubmatch(lines[i])
		if m == nil {
			continue
		}
		var text []string
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "    \t") {
			i++
			text = append(text, strings.TrimSpace(lines[i]))
		}
		add(m[1], m[2], strings.Join(text, " "))
	}
	return table
}

// flagsOf are the names of a program's flags.
func flagsOf(t *testing.T, dir string) (names []string) {
	for _, row := range flagTable(help(t, dir, ""))[2:] {
		name, _, _ := strings.Cut(strings.TrimPrefix(row, "| `-"), "`")
		names = append(names, name)
	}
	return names
}

// tableOf cuts a page around the first table of a section.
func tableOf(t *testing.T, text, heading string) (before string, table []string, after string) {
	t.Helper()
	start := strings.Index(text, "## "+heading+"\n")
	if start < 0 {
		t.Fatalf("no section %q", heading)
	}
	begin := strings.Index(text[start:], "\n|")
	if next := strings.Index(text[start+3:], "\n## "); begin < 0 || next >= 0 && begin > next+3 {
		t.Fatalf("section %q has no table", heading)
	}
	begin += start + 1
	end := begin
	for end < len(text) && text[end] == '|' {
		line := strings.Index(text[end:], "\n")
		if line < 0 {
			line = len(text[end:]) - 1
		}
		table = append(table, text[end:end+line])
		end += line + 1
	}
	return text[:begin], table, text[end:]
}
