package adopt

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The lines of edited files keep their numbers, and what the program prints of them.
func TestLinesStay(t *testing.T) {
	files, err := patch(filepath.Join(goroot(t), "src"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range files {
		if old, edited := bytes.Count(s.text, []byte("\n")), bytes.Count(s.edited(), []byte("\n")); old != edited {
			t.Errorf("%s: %d lines have become %d", s.name, old, edited)
		}
	}
}

// failing checks that adopt refuses or fails, with all of want in what it says, and
// leaves nothing in out.
func failing(t *testing.T, out string, args []string, want ...string) {
	t.Helper()
	status, stdout, stderr := run(args...)
	if status == 0 {
		t.Errorf("adopt %v: exit status 0\n%s", args, stdout)
	}
	for _, text := range want {
		if !strings.Contains(stderr+stdout, text) {
			t.Errorf("adopt %v says %q, want %q in it", args, stderr+stdout, text)
		}
	}
	empty(t, out)
}

func TestBadInput(t *testing.T) {
	_, tmp := tempDirs(t)
	dir, out := t.TempDir(), t.TempDir()
	write(t, dir, map[string]string{
		"go.mod":       "module example.com/prog\n\ngo 1.26\n",
		"lib/lib.go":   "package lib\n",
		"bad/main.go":  "package main\n\nimport \"net\"\n\nvar _ net.Conn\n\nfunc main() { undefined() }\n",
		"torn/main.go": "package main\n\nfunc main() {\n",
		"plain.json":   "{\"Replace\": 5}",
	})
	check := untouched(t, dir)
	for name, row := range map[string]struct{ args, want []string }{
		"no main package":  {[]string{"build", "-C", dir, "-o", out + "/x", "./lib"}, []string{"build ./lib: no main package"}},
		"run of a library": {[]string{"run", "-C", dir, "./lib"}, []string{"run ./lib: no main package"}},
		"does not build":   {[]string{"build", "-C", dir, "-o", out + "/x", "./bad"}, []string{"undefined: undefined"}},
		"does not parse":   {[]string{"build", "-C", dir, "-o", out + "/x", "./torn"}, []string{"torn/main.go"}},
		"no such package":  {[]string{"build", "-C", dir, "-o", out + "/x", "./nowhere"}, []string{"nowhere"}},
		"no such flag":     {[]string{"build", "-C", dir, "-nosuchflag", "./bad"}, []string{"nosuchflag"}},
		"no value":         {[]string{"build", "-o"}, []string{"-o: want a value"}},
		"no such overlay":  {[]string{"build", "-C", dir, "-overlay", "none.json", "./bad"}, []string{"none.json"}},
		"a bad overlay":    {[]string{"test", "-C", dir, "-overlay", "plain.json", "./lib"}, []string{"plain.json"}},
		"no such command":  {[]string{"bulid"}, []string{"command bulid: want build"}},
		"doctor's args":    {[]string{"doctor", "now"}, []string{"doctor now: want no arguments"}},
		"no such dir":      {[]string{"build", "-C", dir + "/none", "."}, []string{dir + "/none"}},
	} {
		t.Run(name, func(t *testing.T) { failing(t, out, row.args, row.want...) })
	}
	check()
	empty(t, tmp)
}

func TestTestCommand(t *testing.T) {
	_, tmp := tempDirs(t)
	dir := t.TempDir()
	served := "package p\n\nimport (\n\t\"net\"\n\t\"testing\"\n)\n\nfunc TestServed(t *testing.T) {\n" +
		"\tb, ok := net.ErrClosed.(interface{ Uringnet() (string, string) })\n\tif !ok {\n\t\tt.Fatal(\"std\")\n\t}\n" +
		"\tt.Log(b.Uringnet())\n}\n"
	write(t, dir, map[string]string{
		"go.mod":               "module example.com/p\n\ngo 1.26\n",
		"good/p_test.go":       served,
		"outside/p_test.go":    strings.Replace(served, "package p", "package p_test", 1),
		"failing/p_test.go":    "package p\n\nimport \"testing\"\n\nfunc TestNo(t *testing.T) { t.Error(\"no\") }\n",
		"vetted/p_test.go":     "package p\n\nimport (\n\t\"net\"\n\t\"testing\"\n)\n\nvar _ net.Conn\n\nfunc TestVet(t *testing.T) { t.Logf(\"%d\", \"x\") }\n",
		"withoutnet/p.go":      "package p\n",
		"withoutnet/p_test.go": "package p\n\nimport \"testing\"\n\nfunc TestNothing(t *testing.T) {}\n",
	})
	check := untouched(t, dir)
	stdout, _ := mustRun(t, "test", "-C", dir, "-timeout=60s", "-v", "-run", "Test", "./good", "./outside", "./withoutnet")
	if n := strings.Count(stdout, "{\"Stamp\""); n != 2 {
		t.Errorf("%d of 2 packages were tested on the engine:\n%s", n, stdout)
	}
	if status, stdout, _ := run("test", "-C", dir, "./failing"); status == 0 || !strings.Contains(stdout, "FAIL") {
		t.Errorf("a test that fails: %d\n%s", status, stdout)
	}
	if status, stdout, stderr := run("test", "-C", dir, "./vetted"); status == 0 || !strings.Contains(stdout+stderr, "wrong type") {
		t.Errorf("what vet refuses: %d\n%s%s", status, stdout, stderr)
	}
	check()
	empty(t, tmp)
}

// The user's overlay is laid over what he says, unless it is adopt's.
func TestUsersOverlay(t *testing.T) {
	tempDirs(t)
	dir, out := module(t), filepath.Join(t.TempDir(), "prog")
	write(t, dir, map[string]string{
		"other.go.txt": "package main\n\nfunc init() { tag = \"laid\" }\n",
		"mine.json":    "{\"Replace\": {\"" + dir + "/other.go\": \"" + dir + "/other.go.txt\"}}",
	})
	mustRun(t, "build", "-C", dir, "-o", out, "-overlay=mine.json", ".")
	if p := started(t, out); p.Tag != "laid" {
		t.Errorf("tag %s: the user's overlay was not used", p.Tag)
	} else {
		onEngine(t, p)
	}
	t.Setenv("GOFLAGS", "-overlay="+dir+"/mine.json")
	mustRun(t, "build", "-C", dir, "-o", out, ".")
	if p := started(t, out); p.Tag != "laid" {
		t.Errorf("tag %s: the overlay of GOFLAGS was not used", p.Tag)
	}
	t.Setenv("GOFLAGS", "")
	edited := filepath.Join(goroot(t), "src", unixFile)
	write(t, dir, map[string]string{"mine.json": "{\"Replace\": {\"" + edited + "\": \"" + edited + "\"}}"})
	os.Remove(out)
	failing(t, filepath.Dir(out), []string{"build", "-C", dir, "-o", out, "-overlay=mine.json", "."}, "mine.json", edited)
}

// A changed edit is built, cache or not, and the stamp says so; plain go builds std's.
func TestChangedEdits(t *testing.T) {
	tempDirs(t)
	dir, out := module(t), filepath.Join(t.TempDir(), "prog")
	stamp := func() string {
		t.Helper()
		mustRun(t, "build", "-C", dir, "-o", out)
		p := started(t, out)
		onEngine(t, p)
		return p.Stamp
	}
	first := stamp()
	if again := stamp(); again != first {
		t.Errorf("the same edits have the stamps %s and %s", first, again)
	}
	defer func(text []byte) { pollGlue = text }(pollGlue)
	pollGlue = append(bytes.Clone(pollGlue), "\n// Changed.\n"...)
	if changed := stamp(); changed == first {
		t.Errorf("changed edits have the same stamp %s", first)
	}
	g, err := findGo(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.output(dir, nil, "build", "-o", out); err != nil {
		t.Fatal(err)
	}
	if p := started(t, out); p.Stamp != "" {
		t.Errorf("plain go has built %s", p.Stamp)
	}
}

// Nothing is cached yet: neither go's objects nor the mirror.
func TestColdCache(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a standard library")
	}
	tempDirs(t)
	t.Setenv("GOCACHE", t.TempDir())
	dir, out := module(t), filepath.Join(t.TempDir(), "prog")
	for range 2 {
		mustRun(t, "build", "-C", dir, "-o", out)
		onEngine(t, started(t, out))
	}
}

// A mirror that is not whole is made anew.
func TestMirrorIsMended(t *testing.T) {
	cache, _ := tempDirs(t)
	dir, out := module(t), filepath.Join(t.TempDir(), "prog")
	mustRun(t, "build", "-C", dir, "-o", out)
	trees, err := filepath.Glob(filepath.Join(cache, "uringnet-adopt", "*"))
	if err != nil || len(trees) != 1 {
		t.Fatalf("%q, %v: want one mirror", trees, err)
	}
	if err := os.RemoveAll(filepath.Join(trees[0], "src/internal/uringnet")); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "build", "-C", dir, "-o", out)
	onEngine(t, started(t, out))
}

// A GOROOT that is a mirror is taken for what it is a mirror of.
func TestMirrorOfMirror(t *testing.T) {
	cache, _ := tempDirs(t)
	dir, out := module(t), filepath.Join(t.TempDir(), "prog")
	mustRun(t, "build", "-C", dir, "-o", out)
	pattern := filepath.Join(cache, "uringnet-adopt", "*")
	trees, err := filepath.Glob(pattern)
	if err != nil || len(trees) != 1 {
		t.Fatalf("%q, %v: want one mirror", trees, err)
	}
	t.Setenv("GOROOT", trees[0])
	mustRun(t, "build", "-C", dir, "-o", out)
	onEngine(t, started(t, out))
	if again, err := filepath.Glob(pattern); err != nil || len(again) != 1 {
		t.Errorf("%q, %v: want the one mirror", again, err)
	}
}

// The stamp is in programs that do not ask for it.
func TestStampOfBinary(t *testing.T) {
	tempDirs(t)
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "prog")
	write(t, dir, map[string]string{
		"go.mod":  "module example.com/prog\n\ngo 1.26\n",
		"main.go": "package main\n\nimport \"net\"\n\nfunc main() { net.Listen(\"tcp\", \"127.0.0.1:0\") }\n",
	})
	mustRun(t, "build", "-C", dir, "-o", out)
	g, err := findGo(dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := g.plan(g.vars.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(out); err != nil || !bytes.Contains(text, []byte(p.Stamp)) {
		t.Errorf("%v, or the program has no %s", err, p.Stamp)
	}
}

func TestWithoutNet(t *testing.T) {
	tempDirs(t)
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "prog")
	write(t, dir, map[string]string{
		"go.mod":  "module example.com/prog\n\ngo 1.26\n",
		"main.go": "package main\n\nfunc main() {}\n",
	})
	if _, stderr := mustRun(t, "build", "-C", dir, "-o", out); !strings.Contains(stderr, "does not use package net") {
		t.Errorf("it says %q", stderr)
	}
}

// The toolchain that a program asks for, which lies below the module cache.
func TestDownloadedToolchain(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads a toolchain, and builds a standard library")
	}
	tempDirs(t)
	t.Setenv("GOTOOLCHAIN", "go1.27.3")
	dir, out := module(t), filepath.Join(t.TempDir(), "prog")
	mustRun(t, "build", "-C", dir, "-o", out)
	p := started(t, out)
	onEngine(t, p)
	if !strings.HasPrefix(p.Stamp, "go1.27.3 ") {
		t.Errorf("stamp %s", p.Stamp)
	}
	stdout, _ := mustRun(t, "doctor")
	for _, text := range []string{"go1.27.3", "(*pollDesc).wait: added", "Package net builds"} {
		if !strings.Contains(stdout, text) {
			t.Errorf("doctor says nothing of %q:\n%s", text, stdout)
		}
	}
}

// Package adopted says in a program what the program is.
func TestAdoptedPackage(t *testing.T) {
	tempDirs(t)
	t.Setenv("ADOPTED_TEST", "1")
	t.Setenv("GOWORK", "off")
	dir, err := moduleDir()
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, "test", "-C", dir, "-count=1", "-run", "TestBuilt", "./uringnet/adopted")
}
