package store

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// The disk is reached through an FS alone, so that faults and power cuts reach
// everything: only the files of StdFS import package os, or make system calls.
func TestDiskOnlyByFS(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		if strings.HasPrefix(name, "fs_std") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range f.Imports {
			switch imp.Path.Value {
			case `"os"`, `"golang.org/x/sys/unix"`, `"golang.org/x/sys/windows"`:
				t.Errorf("%s imports %s: use Options.FS", name, imp.Path.Value)
			}
		}
	}
}
