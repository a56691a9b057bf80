package doctest

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeIsShort: it is for who decides.
func TestReadmeIsShort(t *testing.T) {
	if n := strings.Count(read(t, "README.md"), "\n"); n > 200 {
		t.Errorf("README.md has %d lines; want 200 at most", n)
	}
}

// TestLinks: every link to a file leads to one.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	links := 0
	for _, doc := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, doc), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			links++
			if !exists(path.Join(path.Dir(doc), target)) {
				t.Errorf("%s: there is no %s", doc, m[1])
			}
		}
	}
	if links < 30 {
		t.Errorf("only %d links found", links)
	}
}

// TestFilesNamed: every source file that a document names is there: by its path from the top or
// from the document, or, named without a directory, anywhere.
func TestFilesNamed(t *testing.T) {
	bases := map[string]bool{}
	for _, p := range files(t) {
		bases[path.Base(p)] = true
	}
	name := regexp.MustCompile(`(?:[\w.-]+/)*[\w-]+\.(?:go|c|h|sh)\b`)
	named := 0
	for _, doc := range documents(t) {
		for _, p := range name.FindAllString(read(t, doc), -1) {
			if strings.HasPrefix(p, "io_uring/") {
				continue // the kernel's
			}
			named++
			if exists(p) || exists(path.Join(path.Dir(doc), p)) || !strings.Contains(p, "/") && bases[p] {
				continue
			}
			t.Errorf("%s: there is no %s", doc, p)
		}
	}
	if named < 8 {
		t.Errorf("only %d files named", named)
	}
}
