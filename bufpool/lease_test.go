package bufpool

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A lease of an elastic buffer ends once, whatever is done with copies of it.
func TestElasticLease(t *testing.T) {
	var e Elastic
	b := e.Get()
	l := b.Lease()
	if !e.Return(b, l) {
		t.Fatal("Return refused the buffer")
	}
	if e.Return(b, l) {
		t.Error("Return took the buffer twice")
	}
	if e.InUse() != 0 {
		t.Errorf("%d in use", e.InUse())
	}
	// The same buffer again: the old lease is not the new one's.
	for range 100 {
		next := e.Get()
		if next == b && e.Return(b, l) {
			t.Fatal("an old lease took the buffer from its next owner")
		}
		e.Put(next)
	}
	if e.InUse() != 0 {
		t.Errorf("%d in use", e.InUse())
	}
}

// A buffer put back twice would be two owners': that is a panic.
func TestElasticPutTwice(t *testing.T) {
	var e Elastic
	b := e.Get()
	e.Put(b)
	mustPanic(t, "Put of a buffer that is not out", func() { e.Put(b) })
	mustPanic(t, "Put of a buffer that is no pool's", func() { e.Put(&Buffer{}) })
	if e.InUse() != 0 {
		t.Errorf("%d in use", e.InUse())
	}
}

// mustPanic checks that f panics with a text of this package's.
func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		v := recover()
		if v == nil {
			t.Errorf("%s: no panic", what)
		} else if s, ok := v.(string); !ok || !strings.HasPrefix(s, "bufpool: ") {
			t.Errorf("%s: panic %v", what, v)
		}
	}()
	f()
}

// Getting and putting costs no allocation once there are buffers.
func TestElasticAllocs(t *testing.T) {
	var e Elastic
	cycle := func() {
		b := e.Get()
		b.B = append(b.B, "some bytes"...)
		e.Put(b)
	}
	for range 100 {
		cycle()
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	n := testing.AllocsPerRun(1000, cycle)
	if raceEnabled {
		return // sync.Pool then forgets a quarter of what it is given, on purpose
	}
	if n >= 1 {
		t.Errorf("%v allocations a Get and Put", n)
	}
}

// No type of another module's is in the package's API.
func TestNoForeignTypes(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		foreign := map[string]bool{}
		for _, imp := range f.Imports {
			if p := strings.Trim(imp.Path.Value, `"`); strings.Contains(p, ".") {
				foreign[p[strings.LastIndexByte(p, '/')+1:]] = true
			}
		}
		for _, d := range f.Decls {
			checkAPI(t, path, d, foreign)
		}
	}
}

// checkAPI reports foreign packages that an exported declaration names: in a
// function's signature, and in what a type shows.
func checkAPI(t *testing.T, path string, d ast.Decl, foreign map[string]bool) {
	report := func(name string, n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && foreign[x.Name] {
					t.Errorf("%s: %s shows %s.%s", path, name, x.Name, sel.Sel.Name)
				}
			}
			return true
		})
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() {
			report(d.Name.Name, d.Type)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			ts, ok := s.(*ast.TypeSpec)
			if !ok || !ts.Name.IsExported() {
				continue
			}
			st, ok := ts.Type.(*ast.StructType)
			if !ok {
				report(ts.Name.Name, ts.Type)
				continue
			}
			for _, field := range st.Fields.List {
				if len(field.Names) == 0 || field.Names[0].IsExported() {
					report(ts.Name.Name, field)
				}
			}
		}
	}
}
