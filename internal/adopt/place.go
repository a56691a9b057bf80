package adopt

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"slices"
	"strings"
)

// PlaceError says that a place of the standard library is not as expected.
type PlaceError struct {
	File string // below GOROOT/src
	Func string // the function or type
	Want string // what was expected
}

// Error implements error.
func (e *PlaceError) Error() string {
	return fmt.Sprintf("%s: %s: want %s: this GOROOT is of a Go version that is not known, or was edited by somebody else", e.File, e.Func, e.Want)
}

// source is a file of GOROOT that is edited.
type source struct {
	name  string // below GOROOT/src
	text  []byte
	fset  *token.FileSet
	file  *ast.File
	edits []Edit
}

// Edit is a change of a file: Text in place of Old at Offset. It holds no line break, so
// that the lines keep their numbers.
type Edit struct {
	File   string // below GOROOT/src
	Func   string
	Offset int
	Old    string // "" where text is only put in
	Text   string
}

func parse(name string, text []byte) (*source, error) {
	s := &source{name: name, text: text, fset: token.NewFileSet()}
	var err error
	if s.file, err = parser.ParseFile(s.fset, name, text, parser.SkipObjectResolution); err != nil {
		return nil, fmt.Errorf("GOROOT's %w", err)
	}
	return s, nil
}

func (s *source) missing(where, want string) error {
	return &PlaceError{File: s.name, Func: where, Want: want}
}

// print is a node's text in the form that gofmt gives it.
func (s *source) print(n any) string {
	var b strings.Builder
	if err := printer.Fprint(&b, s.fset, n); err != nil {
		return err.Error()
	}
	return b.String()
}

// function finds a function by its name, "(*T).name" for a method, with the signature
// "func(T) R".
func (s *source) function(name, signature string) (*ast.FuncDecl, error) {
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil || s.nameOf(f) != name {
			continue
		}
		if got := s.print(f.Type); got != signature {
			return nil, s.missing(name, signature+", not "+got)
		}
		return f, nil
	}
	return nil, s.missing(name, "a function of that name")
}

func (s *source) nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) != 1 {
		return f.Name.Name
	}
	recv := s.print(f.Recv.List[0].Type)
	if strings.HasPrefix(recv, "*") {
		recv = "(" + recv + ")"
	}
	return recv + "." + f.Name.Name
}

// structure finds a struct type that has these fields, in the form "name type".
func (s *source) structure(name string, fields ...string) (*ast.StructType, error) {
	want := "a struct with the fields " + strings.Join(fields, ", ")
	if len(fields) == 0 {
		want = "a struct without fields"
	}
	for _, d := range s.file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			t, ok := spec.(*ast.TypeSpec)
			if !ok || t.Name.Name != name {
				continue
			}
			st, ok := t.Type.(*ast.StructType)
			if !ok || !slices.Equal(s.fieldsOf(st), fields) {
				return nil, s.missing("type "+name, want)
			}
			return st, nil
		}
	}
	return nil, s.missing("type "+name, want)
}

func (s *source) fieldsOf(st *ast.StructType) (list []string) {
	for _, f := range st.Fields.List {
		for _, n := range f.Names {
			list = append(list, n.Name+" "+s.print(f.Type))
		}
	}
	return list
}

// find returns the one node below n that reads as text.
func (s *source) find(where string, n ast.Node, text string, read func(*source, ast.Node) string) (ast.Node, error) {
	var found []ast.Node
	ast.Inspect(n, func(n ast.Node) bool {
		if n != nil && read(s, n) == text {
			found = append(found, n)
		}
		return true
	})
	if len(found) != 1 {
		return nil, s.missing(where, fmt.Sprintf("%q once, not %d times", text, len(found)))
	}
	return found[0], nil
}

// aCall is how a call reads, and "" anything else.
func aCall(s *source, n ast.Node) string {
	if c, ok := n.(*ast.CallExpr); ok {
		return s.print(c)
	}
	return ""
}

// aStatement is how a statement reads; of an if, what is between the word and the brace.
func aStatement(s *source, n ast.Node) string {
	switch n := n.(type) {
	case *ast.IfStmt:
		if n.Init == nil {
			return s.print(n.Cond)
		}
		return s.print(n.Init) + "; " + s.print(n.Cond)
	case *ast.ExprStmt, *ast.ReturnStmt:
		return s.print(n)
	}
	return ""
}

// users returns the functions whose bodies mention a field or method of that name.
func (s *source) users(selector string) (names []string) {
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == selector && !slices.Contains(names, s.nameOf(f)) {
				names = append(names, s.nameOf(f))
			}
			return true
		})
	}
	return names
}

// put notes an edit: text at pos.
func (s *source) put(where string, pos token.Pos, text string) {
	s.edits = append(s.edits, Edit{s.name, where, s.fset.Position(pos).Offset, "", text})
}

// replace notes an edit: text in place of a node.
func (s *source) replace(where string, n ast.Node, text string) {
	from, to := s.fset.Position(n.Pos()).Offset, s.fset.Position(n.End()).Offset
	s.edits = append(s.edits, Edit{s.name, where, from, string(s.text[from:to]), text})
}

// edited returns the file with its edits.
func (s *source) edited() []byte {
	slices.SortFunc(s.edits, func(a, b Edit) int { return a.Offset - b.Offset })
	var out []byte
	at := 0
	for _, e := range s.edits {
		out = append(out, s.text[at:e.Offset]...)
		out = append(out, e.Text...)
		at = e.Offset + len(e.Old)
	}
	return append(out, s.text[at:]...)
}
