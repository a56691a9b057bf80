package unsafefence

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The limits, for files that are not tests; tests have that of files too.
const (
	maxFileLines     = 400
	maxFunctionLines = 70
)

// unsafeName is how a file that may import unsafe is called: x_unsafe.go, or
// with a system, a machine or both behind, and _test at the end of a test.
var unsafeName = regexp.MustCompile(`^([a-z0-9]+_)*unsafe(_(linux|amd64|arm64))*(_test)?\.go$`)

// TestFence checks every file of the module.
func TestFence(t *testing.T) {
	files := 0
	root := moduleRoot(t)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		files++
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		complaints, err := check(path, src)
		for _, c := range complaints {
			t.Error(c)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files found in %s", files, root)
	}
}

// moduleRoot is the directory of go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod")
		}
		dir = filepath.Dir(dir)
	}
}

// check returns what is wrong with a file.
func check(path string, src []byte) (complaints []string, err error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	isTest := strings.HasSuffix(name, "_test.go")
	if importsUnsafe(f) && !unsafeName.MatchString(name) {
		complaints = append(complaints, fmt.Sprintf("%s imports unsafe and is not called *_unsafe.go", path))
	}
	if n := strings.Count(string(src), "\n"); n > maxFileLines {
		complaints = append(complaints, fmt.Sprintf("%s has %d lines; want %d at most", path, n, maxFileLines))
	}
	if isTest {
		return complaints, nil
	}
	ast.Inspect(f, func(n ast.Node) bool {
		decl, ok := n.(*ast.FuncDecl)
		if !ok {
			return true
		}
		from, to := fset.Position(decl.Pos()), fset.Position(decl.End())
		if lines := to.Line - from.Line + 1; lines > maxFunctionLines {
			complaints = append(complaints, fmt.Sprintf("%v: %s has %d lines; want %d at most", from, decl.Name, lines, maxFunctionLines))
		}
		return true
	})
	return complaints, nil
}

func importsUnsafe(f *ast.File) bool {
	for _, imp := range f.Imports {
		// An import for the sake of go:linkname uses nothing of it, but it is
		// no safer.
		if imp.Path.Value == `"unsafe"` {
			return true
		}
	}
	return false
}

// TestCheck checks that the fence keeps out what it should.
func TestCheck(t *testing.T) {
	long := "package p\n\nfunc f() {\n" + strings.Repeat("\tg()\n", maxFunctionLines-1) + "}\n"
	cases := []struct {
		path, src string
		bad       int
	}{
		{"a/x.go", "package p\n", 0},
		{"a/x.go", "package p\n\nimport \"unsafe\"\n", 1},
		{"a/x.go", "package p\n\nimport _ \"unsafe\"\n", 1},
		{"a/x_test.go", "package p\n\nimport \"unsafe\"\n", 1},
		{"a/x_unsafe.go", "package p\n\nimport \"unsafe\"\n", 0},
		{"a/x_unsafe_linux.go", "package p\n\nimport \"unsafe\"\n", 0},
		{"a/x_unsafe_linux_amd64.go", "package p\n\nimport \"unsafe\"\n", 0},
		{"a/x_unsafe_linux_test.go", "package p\n\nimport \"unsafe\"\n", 0},
		{"a_unsafe/x.go", "package p\n\nimport \"unsafe\"\n", 1},
		{"a/x_unsafely.go", "package p\n\nimport \"unsafe\"\n", 1},
		{"a/x.go", long, 1},
		{"a/x_test.go", long, 0},
		{"a/x.go", "package p\n" + strings.Repeat("//\n", maxFileLines-1), 0},
		{"a/x.go", "package p\n" + strings.Repeat("//\n", maxFileLines), 1},
		{"a/x_test.go", "package p\n" + strings.Repeat("//\n", maxFileLines), 1},
	}
	for i, c := range cases {
		got, err := check(c.path, []byte(c.src))
		if err != nil || len(got) != c.bad {
			t.Errorf("case %d, %s: %q, %v; want %d complaint(s)", i, c.path, got, err, c.bad)
		}
	}
}
