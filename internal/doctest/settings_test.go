package doctest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/poller"
	"github.com/uringnet/go-uringnet/uringnet"
)

const page = "docs/configuration.md"

// fieldRows are the rows of the fields of Config.
func fieldRows(t *testing.T) map[string][]string {
	t.Helper()
	text := read(t, page)
	var list [][]string
	for _, heading := range []string{"Queues and modes", "Modes whose rings own their connections", "Buffers and files"} {
		list = append(list, rows(section(t, text, heading))...)
	}
	return byName(t, list)
}

// TestConfigFields: every field of Config has a row, with its default, and no row is of none.
func TestConfigFields(t *testing.T) {
	const procs = 7
	var c poller.Config
	if err := c.Normalize(procs); err != nil {
		t.Fatal(err)
	}
	documented := fieldRows(t)
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		row := documented[name]
		delete(documented, name)
		if len(row) != 5 {
			t.Errorf("%s: Config.%s has the row %q; want field, default, range, effect, kernel", page, name, row)
			continue
		}
		for i, what := range []string{"field", "default", "range", "effect", "kernel"} {
			if row[i] == "" {
				t.Errorf("%s: Config.%s has no %s", page, name, what)
			}
		}
		want := defaultText(v.Field(i).Interface(), procs)
		if !beginsWith(strings.Trim(row[1], "`"), want) {
			t.Errorf("%s: Config.%s has the default %q; want %q", page, name, row[1], want)
		}
	}
	for name := range documented {
		t.Errorf("%s: Config has no field %s", page, name)
	}
}

// beginsWith reports whether text begins with want as a word of its own.
func beginsWith(text, want string) bool {
	rest, ok := strings.CutPrefix(text, want)
	return ok && (rest == "" || want == "" || strings.ContainsRune(" :,", rune(rest[0])))
}

// defaultText is how the page writes a default.
func defaultText(v any, procs int) string {
	switch v := v.(type) {
	case int:
		if v == procs {
			return "GOMAXPROCS"
		}
	case time.Duration:
		if v == 0 {
			return "0"
		}
		return strings.Replace(v.String(), "s", " s", 1)
	case poller.Feature:
		if v == 0 {
			return "nothing"
		}
	case *slog.Logger:
		if v == slog.Default() {
			return "slog.Default()"
		}
	case []int:
		return "" // its row says in words what none means
	case poller.Mode:
		return constant("Mode", v)
	case poller.Transfer:
		return constant("Transfer", v)
	case poller.Receive:
		return constant("Receive", v)
	case poller.FallbackPolicy:
		return constant("Fallback", v)
	}
	return fmt.Sprint(v)
}

// constant is the name in package uringnet of the value that prints as v.
func constant(kind string, v fmt.Stringer) string {
	name := v.String()
	return kind + strings.ToUpper(name[:1]) + name[1:]
}

// TestEnvironmentKeys: every setting of URINGNET has a row, with its values, its field and that
// field's default.
func TestEnvironmentKeys(t *testing.T) {
	documented := byName(t, rows(section(t, read(t, page), "URINGNET")))
	fields := fieldRows(t)
	keys := 0
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "uringnet/env.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if id, ok := call.Fun.(*ast.Ident); !ok || id.Name != "setting" {
			return true
		}
		keys++
		key, values := text(call.Args[0]), text(call.Args[1])
		row := documented[key]
		delete(documented, key)
		if len(row) != 4 {
			t.Errorf("%s: URINGNET's %s has the row %q; want key, values, field, default", page, key, row)
			return true
		}
		if strings.Contains(values, "|") {
			for v := range strings.SplitSeq(values, "|") {
				if !strings.Contains(row[1], "`"+v+"`") {
					t.Errorf("%s: URINGNET's %s lacks the value %s", page, key, v)
				}
			}
		}
		field := fields[strings.Trim(row[2], "`")]
		if field == nil || !strings.Contains(text(call.Args[2]), "Config."+strings.Trim(row[2], "`")+")") {
			t.Errorf("%s: URINGNET's %s names the field %s", page, key, row[2])
		} else if !strings.Contains(strings.ToLower(field[1]), strings.ToLower(row[3])) {
			t.Errorf("%s: URINGNET's %s has the default %q, its field %q", page, key, row[3], field[1])
		}
		return true
	})
	if keys < 8 {
		t.Errorf("only %d settings found", keys)
	}
	for key := range documented {
		t.Errorf("%s: URINGNET has no key %s", page, key)
	}
}

// text is the value of a string literal.
func text(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		s, _ := strconv.Unquote(lit.Value)
		return s
	}
	return ""
}

// TestFeatures: every feature has a row with the kernel that brought it.
func TestFeatures(t *testing.T) {
	documented := byName(t, rows(section(t, read(t, page), "Features")))
	for _, name := range ring.AllFeatures.Names() {
		f, err := ring.ParseFeature(name)
		if err != nil {
			t.Fatal(err)
		}
		row := documented[name]
		delete(documented, name)
		if len(row) != 3 || row[2] != f.MinKernel() {
			t.Errorf("%s: feature %s has the row %q; want its kernel, %s", page, name, row, f.MinKernel())
		}
	}
	for name := range documented {
		t.Errorf("%s: there is no feature %s", page, name)
	}
}

// TestStatusAndCounters: every field of Status and of the counters is named.
func TestStatusAndCounters(t *testing.T) {
	for _, s := range []struct {
		heading string
		of      []any
	}{
		{"Status", []any{uringnet.Status{}, poller.Status{}}},
		{"Counters", []any{uringnet.Stats{}, poller.Counters{}, poller.InUse{}}},
	} {
		here := section(t, read(t, page), s.heading)
		for _, v := range s.of {
			typ := reflect.TypeOf(v)
			for i := range typ.NumField() {
				if name := typ.Field(i).Name; !strings.Contains(here, "`"+name+"`") {
					t.Errorf("%s: section %s lacks %v.%s", page, s.heading, typ, name)
				}
			}
		}
	}
}
