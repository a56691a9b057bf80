package doctest

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// elsewhere are the commands of documents that .ci does not run, and why.
var elsewhere = map[string]string{
	"go test -run '^$' -bench . ./uringnet":                            "measures; takes minutes",
	"logger -T -n 127.0.0.1 -P 5514 hello":                             "a fixed port; clients_test.go of logserver runs logger on another",
	"go install github.com/uringnet/go-uringnet/uringnet/adopt@latest": "is about a program of the reader's; .ci/adopt does the same with others",
	"cd your/program":                      "is about a program of the reader's; .ci/adopt does the same with others",
	"adopt build -o server ./cmd/server":   "is about a program of the reader's; .ci/adopt does the same with others",
	"adopt run ./cmd/server -flags":        "is about a program of the reader's; .ci/adopt does the same with others",
	"adopt test ./...":                     "is about a program of the reader's; .ci/adopt does the same with others",
	"adopt doctor":                         "is about a program of the reader's; .ci/adopt does the same with others",
	"URINGNET_STATS=/tmp/stats ./server &": "is about a program of the reader's; .ci/adopt does the same with others",
	"cat /tmp/stats":                       "is about a program of the reader's; .ci/adopt does the same with others",
	"URINGNET=off ./server":                "is about a program of the reader's; .ci/adopt does the same with others",
	"bash .ci/run":                         "is what runs the others",
	"bash .ci/run race kernel61":           "the same, some steps of it",
	"go test ./uringnet -run '^TestReadDeadline$/^shared$'": "a part of go test ./... that shows how to run one test on one engine",
}

// measuring are the programs whose measurements take minutes to hours: .ci/run runs them with
// -smoke, and their flags are compared with the code.
var measuring = []string{"./benchmarks/cmd/suite", "./benchmarks/cmd/compare", "./examples/logs/cmd/logbench"}

// around are what may stand in front of a program that measures.
var around = []string{"GOWORK=off", "pg_virtualenv"}

// quoted is a value that is arguments of another program.
var quoted = regexp.MustCompile(`"[^"]*"`)

// commands returns the lines of the sh blocks of a document, comments and continuations taken out.
func commands(doc string) (list []string) {
	comment := regexp.MustCompile(`\s+#.*$`)
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(doc, -1) {
		for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
			if line = strings.TrimSpace(comment.ReplaceAllString(strings.TrimRight(line, "\n"), "")); line != "" && line[0] != '#' {
				list = append(list, line)
			}
		}
	}
	return list
}

// TestCommands: each command of a document is run by .ci/run or .ci/examples, or is listed above.
func TestCommands(t *testing.T) {
	ci := ciCommands(t)
	examples := read(t, ".ci/examples")
	found := 0
	for _, doc := range documents(t) {
		for _, c := range commands(read(t, doc)) {
			found++
			words := strings.Fields(quoted.ReplaceAllString(c, ""))
			for len(words) > 0 && slices.Contains(around, words[0]) {
				words = words[1:]
			}
			switch {
			case slices.Contains(ci, c) || elsewhere[c] != "":
			case len(words) > 2 && words[0] == "go" && words[1] == "run" && slices.Contains(measuring, words[2]):
				checkFlags(t, doc, c, words)
			case len(words) > 2 && words[0] == "go" && words[1] == "run" && startsExample(examples, words[2]):
			default:
				t.Errorf("%s: nothing in .ci runs %q", doc, c)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d commands found", found)
	}
	for _, p := range measuring {
		if !slices.Contains(ci, "go run "+p+" -smoke") {
			t.Errorf(".ci/run does not run %s -smoke", p)
		}
	}
}

// ciCommands are the commands of .ci/run, without where a report goes.
func ciCommands(t *testing.T) (list []string) {
	t.Helper()
	text := read(t, ".ci/run")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if _, body, ok := strings.Cut(line, "() { "); ok {
			line = body
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "; }"), ` -out "$out"`)
		list = append(list, strings.TrimSpace(line))
	}
	return list
}

// startsExample reports whether .ci/examples builds a program and starts it.
func startsExample(script, dir string) bool {
	return strings.Contains(script+" ", " "+dir+" ") && strings.Contains(strings.ReplaceAll(script, `"`, " "), "$work/"+path.Base(dir)+" ") ||
		strings.Contains(script, " "+dir+"\n") && strings.Contains(strings.ReplaceAll(script, `"`, " "), "$work/"+path.Base(dir)+" ")
}

// checkFlags compares the flags of a command with those that its program has.
func checkFlags(t *testing.T, doc, command string, words []string) {
	t.Helper()
	defined := flagsOf(t, strings.TrimPrefix(words[2], "./"))
	for _, w := range words[3:] {
		if f, ok := strings.CutPrefix(w, "-"); ok {
			if f, _, _ = strings.Cut(f, "="); !slices.Contains(defined, f) {
				t.Errorf("%s: %q: there is no flag -%s", doc, command, f)
			}
		}
	}
}

// TestNothingListedInVain: what is listed as run elsewhere is in a document.
func TestNothingListedInVain(t *testing.T) {
	var all []string
	for _, doc := range documents(t) {
		all = append(all, commands(read(t, doc))...)
	}
	for c := range elsewhere {
		if !slices.Contains(all, c) {
			t.Errorf("no document has the command %q", c)
		}
	}
}

// TestSteps: CONTRIBUTING names each step of .ci/run.
func TestSteps(t *testing.T) {
	m := regexp.MustCompile(`(?m)^STEPS="(.*)"$`).FindStringSubmatch(read(t, ".ci/run"))
	if m == nil {
		t.Fatal(".ci/run has no STEPS")
	}
	text := read(t, "CONTRIBUTING.md")
	for step := range strings.FieldsSeq(m[1]) {
		if !strings.Contains(text, "`"+step+"`") {
			t.Errorf("CONTRIBUTING.md does not name the step %s", step)
		}
	}
}
