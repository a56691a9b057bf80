package doctest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// programs are the pages on which the flags of programs are.
var programs = []struct{ dir, page, heading string }{
	{"benchmarks/cmd/suite", "benchmarks/README.md", "Flags of suite"},
	{"benchmarks/cmd/compare", "benchmarks/README.md", "Flags of compare"},
	{"examples/logs/cmd/logserver", "examples/logs/README.md", "Flags of logserver"},
	{"examples/logs/cmd/logship", "examples/logs/README.md", "Flags of logship"},
	{"examples/logs/cmd/logbench", "examples/logs/README.md", "Flags of logbench"},
	{"examples/doctor", "docs/performance.md", "Flags of doctor"},
}

// TestFlags: every flag of a program has a row on its page, and no row is of none.
func TestFlags(t *testing.T) {
	for _, p := range programs {
		if slices.Contains(pending, "./"+p.dir) && !exists(p.dir) {
			continue
		}
		documented := flagRows(t, read(t, p.page), p.heading)
		defined := flagsOf(t, p.dir)
		if len(defined) < 5 {
			t.Errorf("%s: only %d flags found", p.dir, len(defined))
		}
		for _, f := range defined {
			if documented["-"+f] == nil {
				t.Errorf("%s: section %q lacks -%s", p.page, p.heading, f)
			}
			delete(documented, "-"+f)
		}
		for f := range documented {
			t.Errorf("%s: section %q has %s, which %s does not take", p.page, p.heading, f, p.dir)
		}
	}
}

// flagRows are the rows of a program's section and of its commands', "Flags of logserver cat".
func flagRows(t *testing.T, text, heading string) map[string][]string {
	t.Helper()
	all := byName(t, rows(section(t, text, heading)))
	for line := range strings.Lines(text) {
		if h, ok := strings.CutPrefix(strings.TrimSpace(line), "## "+heading+" "); ok {
			maps.Copy(all, byName(t, rows(section(t, text, heading+" "+h))))
		}
	}
	return all
}

// hidden are the commands of programs that only they themselves call.
var hidden = []string{"suite serve", "suite filtered", "suite spin", "compare serve", "logbench serve"}

// flagsOf returns the names of the flags that a program's source defines, on any system.
func flagsOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	sources, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range sources {
		if strings.HasSuffix(src, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), src, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			for _, name := range flagsIn(fn.Body) {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// flagsIn returns the flags that a function defines, none if they are of a hidden command.
func flagsIn(body *ast.BlockStmt) (names []string) {
	inner := false
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if sel.Sel.Name == "NewFlagSet" && len(call.Args) > 0 && slices.Contains(hidden, text(call.Args[0])) {
			inner = true
		}
		recv, ok := sel.X.(*ast.Ident)
		if !ok || recv.Name != "fs" && recv.Name != "flag" && recv.Name != "flags" {
			return true
		}
		if i := nameAt(sel.Sel.Name); i >= 0 && len(call.Args) > i {
			if name := text(call.Args[i]); name != "" {
				names = append(names, name)
			}
		}
		return true
	})
	if inner {
		return nil
	}
	return names
}

// nameAt returns which argument of a method of flag.FlagSet is the flag's name, or -1.
func nameAt(method string) int {
	switch method {
	case "Bool", "Duration", "Float64", "Int", "Int64", "String", "Uint", "Uint64", "Func", "BoolFunc":
		return 0
	case "BoolVar", "DurationVar", "Float64Var", "IntVar", "Int64Var", "StringVar", "UintVar", "Uint64Var", "Var", "TextVar":
		return 1
	}
	return -1
}
