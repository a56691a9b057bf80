package adopt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// hookPackage is what package net imports.
const hookPackage = modulePath + "/poller/stdhook"

// stdPrefix is where the engine's packages are in the standard library: an import path
// of std has no dot in its first element.
const stdPrefix = "internal/uringnet/"

// enginePackage is a package that the hook needs and that is not std's.
type enginePackage struct {
	ImportPath, Dir string
	Standard        bool
}

// A laid is a file that is laid over GOROOT/src.
type laid struct {
	name string // below GOROOT/src
	from string // an existing file, or "":
	text []byte
}

// engine returns the files of the engine, for a target.
func (g *goCommand) engine(arch string) (files []laid, err error) {
	dir, err := moduleDir()
	if err != nil {
		return nil, err
	}
	out, err := g.output(dir, []string{"GOWORK=off", "GOFLAGS=", "GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0"},
		"list", "-deps", "-json=ImportPath,Dir,Standard", hookPackage)
	if err != nil {
		return nil, fmt.Errorf("the engine's packages: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p enginePackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return files, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.Standard {
			continue
		}
		more, err := p.files(arch)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
}

// files returns the package's files, without tests, for any kind of build on arch.
func (p *enginePackage) files(arch string) (files []laid, err error) {
	list, err := os.ReadDir(p.Dir)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		name := e.Name()
		switch ext := filepath.Ext(name); {
		case e.IsDir(), strings.HasSuffix(name, "_test.go"), ext != ".go" && ext != ".s" && ext != ".h":
			continue
		}
		matches, err := matches(p.Dir, name, arch)
		if err != nil {
			return nil, err
		}
		if !matches {
			continue
		}
		path := filepath.Join(p.Dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f := laid{name: stdPrefix + p.ImportPath + "/" + name, from: path, text: text}
		if strings.HasSuffix(name, ".go") {
			if renamed, err := rename(path, text); err != nil {
				return nil, err
			} else if !bytes.Equal(renamed, text) {
				f.from, f.text = "", renamed
			}
		}
		files = append(files, f)
	}
	return files, nil
}

// matches reports whether a file belongs to any kind of build for arch.
func matches(dir, name, arch string) (bool, error) {
	for _, tag := range []string{"adopt", "race", "msan", "asan"} {
		ctx := build.Default
		ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled, ctx.BuildTags = "linux", arch, false, []string{tag}
		if ok, err := ctx.MatchFile(dir, name); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// rename gives the imports of packages outside std their names in it.
func rename(path string, text []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	s := &source{name: path, text: text, fset: fset}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
			s.replace("import", spec.Path, strconv.Quote(stdPrefix+imported))
		}
	}
	return s.edited(), nil
}
