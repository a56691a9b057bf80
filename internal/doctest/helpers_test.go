package doctest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the top of the repository, from this directory.
const root = "../.."

// read returns a file of the repository as text.
func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// files returns the paths of the repository's files, without hidden directories.
func files(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if rel, err := filepath.Rel(root, path); err == nil && !d.IsDir() {
			paths = append(paths, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// documents returns the paths of all documents.
func documents(t *testing.T) (paths []string) {
	t.Helper()
	for _, p := range files(t) {
		if strings.HasSuffix(p, ".md") {
			paths = append(paths, p)
		}
	}
	if len(paths) < 10 {
		t.Fatalf("only %d documents found: %q", len(paths), paths)
	}
	return paths
}

// exists reports whether the repository has a file or directory of that path.
func exists(path string) bool {
	_, err := os.Stat(filepath.Join(root, path))
	return err == nil
}

// section returns what is under a heading of the second level.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, after, found := strings.Cut("\n"+text, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("there is no section %q", heading)
	}
	text, _, _ = strings.Cut(after, "\n## ")
	return text
}

// rows returns the cells of the tables in text, those of the head and the rule under it left out.
func rows(text string) (list [][]string) {
	var table [][]string
	flush := func() {
		if len(table) > 2 {
			list = append(list, table[2:]...)
		}
		table = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			flush()
			continue
		}
		line = strings.ReplaceAll(line, `\|`, "\x00")
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "\x00", "|")
		}
		table = append(table, cells)
	}
	flush()
	return list
}

// byName returns the rows whose first cell is a name in backquotes.
func byName(t *testing.T, list [][]string) map[string][]string {
	t.Helper()
	names := map[string][]string{}
	for _, r := range list {
		if strings.Count(r[0], "`") != 2 || r[0][0] != '`' || r[0][len(r[0])-1] != '`' {
			continue
		}
		name := strings.Trim(r[0], "`")
		if names[name] != nil {
			t.Errorf("%s stands twice", name)
		}
		names[name] = r
	}
	return names
}
