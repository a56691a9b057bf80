package adopt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersions(t *testing.T) {
	for version, known := range map[string]bool{
		"go1.26": true, "go1.26.8": true, "go1.27rc1": true, "go1.27.3": true, "go1.27.3 X:nodwarf5": true, "go1.26.1-vendor": true,
		"go1.25.9": false, "go1.28": false, "go1.28rc1": false, "go1.28.1": false, "go2.0": false,
		"devel go1.27-abcdef": false, "devel +abc": false, "": false, "gccgo": false,
	} {
		err := checkVersion(version)
		if known != (err == nil) {
			t.Errorf("%q: %v", version, err)
		}
		if err != nil && (!strings.Contains(err.Error(), lowestGo) || !strings.Contains(err.Error(), unknownGo) || !strings.Contains(err.Error(), version)) {
			t.Errorf("%q: %v: want the version and the range in it", version, err)
		}
	}
}

// refused runs adopt with a fake go and checks that it says want, builds nothing and
// leaves nothing.
func refused(t *testing.T, vars goVars, want ...string) {
	t.Helper()
	cache, tmp := tempDirs(t)
	log := fakeGo(t, vars)
	dir := t.TempDir()
	for _, cmd := range []string{"build", "run", "test", "install"} {
		status, stdout, stderr := run(cmd, "-C", dir)
		if status == 0 {
			t.Errorf("adopt %s: exit status 0\n%s%s", cmd, stdout, stderr)
		}
		for _, text := range want {
			if !strings.Contains(stderr, text) {
				t.Errorf("adopt %s says %q, want %q in it", cmd, stderr, text)
			}
		}
	}
	text, _ := os.ReadFile(log)
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "list ") {
			t.Errorf("go was run: %s", line)
		}
	}
	empty(t, cache)
	empty(t, tmp)
	empty(t, dir)
}

func TestUnknownGo(t *testing.T) {
	for _, version := range []string{"go1.25.4", "go1.28.0", "devel go1.27-0123abc Mon Jan 1"} {
		t.Run(version, func(t *testing.T) { refused(t, native(t.TempDir(), version), version, lowestGo, unknownGo) })
	}
}

func TestNoSource(t *testing.T) {
	root := t.TempDir()
	refused(t, native(root, "go1.26.8"), root, runtimeFile, "want a Go with its source")
}

func TestEditedGOROOT(t *testing.T) {
	t.Run("a file more", func(t *testing.T) {
		root := copyPoll(t)
		write(t, root, map[string]string{"src/net/uringnet_linux.go": "package net\n"})
		refused(t, native(root, "go1.26.8"), "src/net/uringnet_linux.go", "edited by somebody else")
	})
	t.Run("a field more", func(t *testing.T) {
		root := copyPoll(t)
		change(t, filepath.Join(root, "src", runtimeFile), "\truntimeCtx uintptr\n", "\truntimeCtx uintptr\n\tmine int\n")
		refused(t, native(root, "go1.26.8"), runtimeFile, "type pollDesc", "runtimeCtx uintptr")
	})
	t.Run("does not parse", func(t *testing.T) {
		root := copyPoll(t)
		change(t, filepath.Join(root, "src", unixFile), "package poll", "package")
		refused(t, native(root, "go1.26.8"), unixFile)
	})
	t.Run("another user of the context", func(t *testing.T) {
		root := copyPoll(t)
		change(t, filepath.Join(root, "src", unixFile), "func (fd *FD) WaitWrite() error {", "func (fd *FD) WaitWrite() error {\n\t_ = fd.pd.runtimeCtx")
		refused(t, native(root, "go1.26.8"), unixFile, "(*FD).WaitWrite", "runtimeCtx")
	})
	t.Run("another user beside the seam", func(t *testing.T) {
		root := copyPoll(t)
		change(t, filepath.Join(root, "src", runtimeFile), "func (pd *pollDesc) prepareRead(isFile bool) error {", "func (pd *pollDesc) prepareRead(isFile bool) error {\n\t_ = pd.runtimeCtx")
		refused(t, native(root, "go1.26.8"), runtimeFile, "(*pollDesc).prepareRead", "runtimeCtx")
	})
	t.Run("another type of error", func(t *testing.T) {
		root := copyPoll(t)
		change(t, filepath.Join(root, "src", errorFile), "type errNetClosing struct{}", "type errNetClosing int")
		refused(t, native(root, "go1.26.8"), errorFile, "type errNetClosing")
	})
}

// Each place of the seam that is not as expected stops the build by itself.
func TestPlaceNotFound(t *testing.T) {
	if len(seam) < 13 {
		t.Fatalf("%d places", len(seam))
	}
	for _, p := range seam {
		root := copyPoll(t)
		src := filepath.Join(root, "src")
		if _, err := patch(src); err != nil {
			t.Fatalf("before anything was changed: %v", err)
		}
		s := parsed(t, src, p.file)
		f, err := s.function(p.fn, p.sig)
		if err != nil {
			t.Fatal(err)
		}
		header := string(s.text[s.fset.Position(f.Pos()).Offset:s.fset.Position(f.Body.Lbrace).Offset])
		expect(t, p, root, header, renamed(header, f.Name.Name))
		root = copyPoll(t)
		expect(t, p, root, header, strings.Replace(header, f.Name.Name+"(", f.Name.Name+"(more int, ", 1))
		switch {
		case p.call != "":
			root = copyPoll(t)
			expect(t, p, root, p.call, "another(p)")
		case p.before != "":
			root = copyPoll(t)
			expect(t, p, root, p.before, altered(p.before))
		}
	}
}

// altered is another statement.
func altered(statement string) string {
	if strings.Contains(statement, "(") {
		return strings.Replace(statement, "(", "Other(", 1)
	}
	return strings.Replace(statement, "0", "1", 1)
}

func renamed(header, name string) string { return strings.Replace(header, name+"(", name+"Other(", 1) }

func parsed(t *testing.T, src, name string) *source {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(src, name))
	if err != nil {
		t.Fatal(err)
	}
	s, err := parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// expect changes a place and checks that patch names it.
func expect(t *testing.T, p place, root, old, with string) {
	t.Helper()
	change(t, filepath.Join(root, "src", p.file), old, with)
	_, err := patch(filepath.Join(root, "src"))
	var place *PlaceError
	if !errors.As(err, &place) {
		t.Errorf("%s %s: %q in place of %q: %v", p.file, p.fn, with, old, err)
		return
	}
	if place.File != p.file || !strings.HasPrefix(place.Func, strings.TrimSuffix(p.fn, ")")) || place.Want == "" {
		t.Errorf("%s %s: %q in place of %q: it says %v", p.file, p.fn, with, old, err)
	}
}
