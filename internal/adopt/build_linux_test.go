package adopt

import (
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program speaks to itself by TCP and prints what it was built with and what the engine
// has served, and its tag, arguments and environment.
const program = `package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
)

var tag = "none"

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		c, err := l.Accept()
		check(err)
		io.Copy(c, c)
		c.Close()
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	check(err)
	for range 3 {
		_, err = c.Write([]byte("hello"))
		check(err)
		b := make([]byte, 5)
		_, err = io.ReadFull(c, b)
		check(err)
		if string(b) != "hello" {
			panic(string(b))
		}
	}
	var stamp, stats string
	if b, ok := net.ErrClosed.(interface{ Uringnet() (stamp, stats string) }); ok {
		stamp, stats = b.Uringnet()
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"Stamp": stamp, "Stats": stats, "Tag": tag, "Args": os.Args[1:],
		"GOROOT": os.Getenv("GOROOT"), "GOTOOLCHAIN": os.Getenv("GOTOOLCHAIN"),
	})
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
`

// printed is what program prints.
type printed struct {
	Stamp, Stats, Tag, GOROOT, GOTOOLCHAIN string
	Args                                   []string
}

// module is a module with the program and a file of a tag.
func module(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, dir, map[string]string{
		"go.mod":    "module example.com/prog\n\ngo 1.26\n",
		"main.go":   program,
		"tagged.go": "//go:build special\n\npackage main\n\nfunc init() { tag = \"special\" }\n",
	})
	return dir
}

// started runs a built program.
func started(t *testing.T, path string, env ...string) printed {
	t.Helper()
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", path, err, out)
	}
	return parsePrinted(t, out)
}

func parsePrinted(t *testing.T, out []byte) (p printed) {
	t.Helper()
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return p
}

// onEngine checks that a program's three sockets were the engine's.
func onEngine(t *testing.T, p printed) {
	t.Helper()
	var s struct {
		On     bool
		Opened int
	}
	if err := json.Unmarshal([]byte(p.Stats), &s); err != nil || !s.On || s.Opened != 3 {
		t.Errorf("the engine says %v, %s: want 3 sockets", err, p.Stats)
	}
	if !strings.Contains(p.Stamp, moduleVersion()) || !strings.Contains(p.Stamp, "edits=") {
		t.Errorf("stamp %q", p.Stamp)
	}
}

// built builds the program of dir, which leaves tree untouched, starts it and sees that
// it is on the engine.
func built(t *testing.T, tree, dir string) printed {
	t.Helper()
	out := filepath.Join(t.TempDir(), "prog")
	check := untouched(t, tree)
	mustRun(t, "build", "-C", dir, "-o", out)
	check()
	p := started(t, out)
	onEngine(t, p)
	return p
}

// untouched returns a check that a program's source is as it is now.
func untouched(t *testing.T, dir string) (check func()) {
	t.Helper()
	before := digest(t, dir)
	return func() {
		t.Helper()
		if digest(t, dir) != before {
			t.Error("the program's source is not as it was")
		}
	}
}

func TestBuild(t *testing.T) {
	for name, row := range map[string]struct {
		flags []string
		env   map[string]string
		tag   string
		cc    string // that it needs, "" for none
		long  bool
	}{
		"plain":    {tag: "none"},
		"trimpath": {flags: []string{"-trimpath"}, tag: "none"},
		"tags":     {flags: []string{"-tags", "special"}, tag: "special"},
		"race":     {flags: []string{"-race"}, tag: "none", long: true},
		"asan":     {flags: []string{"-asan"}, tag: "none", cc: "gcc", long: true},
		"msan":     {flags: []string{"-msan"}, tag: "none", cc: "clang", long: true},
		"no cgo":   {env: map[string]string{"CGO_ENABLED": "0"}, tag: "none", long: true},
		"GOFLAGS":  {env: map[string]string{"GOFLAGS": "-tags=special"}, tag: "special"},
	} {
		t.Run(name, func(t *testing.T) {
			if row.long && testing.Short() {
				t.Skip("builds a standard library")
			}
			for k, v := range row.env {
				t.Setenv(k, v)
			}
			if row.cc != "" {
				if _, err := exec.LookPath(row.cc); err != nil {
					t.Skip(err)
				}
				t.Setenv("CC", row.cc)
			}
			_, tmp := tempDirs(t)
			dir, out := module(t), filepath.Join(t.TempDir(), "prog")
			check := untouched(t, dir)
			mustRun(t, append(append([]string{"build", "-C", dir, "-o", out}, row.flags...), ".")...)
			check()
			empty(t, tmp)
			p := started(t, out, "URINGNET_STATS="+filepath.Join(t.TempDir(), "stats"))
			onEngine(t, p)
			if p.Tag != row.tag {
				t.Errorf("tag %s, want %s", p.Tag, row.tag)
			}
			off := started(t, out, "URINGNET=off")
			if !strings.Contains(off.Stats, `"On":false`) || !strings.Contains(off.Stats, `"Opened":0`) {
				t.Errorf("with URINGNET=off: %s", off.Stats)
			}
		})
	}
}

func TestCross(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a standard library")
	}
	tempDirs(t)
	t.Setenv("GOARCH", "arm64")
	dir, out := module(t), filepath.Join(t.TempDir(), "prog")
	mustRun(t, "build", "-C", dir, "-o", out)
	f, err := elf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != elf.EM_AARCH64 {
		t.Errorf("machine %v", f.Machine)
	}
	text, err := os.ReadFile(out)
	if err != nil || !strings.Contains(string(text), "edits=") {
		t.Errorf("%v, or the stamp is not in the program", err)
	}
}

// Other systems build as they would without adopt, and it says so.
func TestOtherSystem(t *testing.T) {
	cache, tmp := tempDirs(t)
	t.Setenv("GOOS", "darwin")
	log := fakeGo(t, goVars{GOROOT: "/nowhere", GOVERSION: "go1.99", GOOS: "darwin", GOARCH: "arm64"})
	_, stderr := mustRun(t, "build", "-o", "x", "-overlay", "/some.json", "./cmd")
	if !strings.Contains(stderr, "darwin/arm64") || !strings.Contains(stderr, "std's") {
		t.Errorf("it says %q", stderr)
	}
	text, _ := os.ReadFile(log)
	if got := string(text); got != "build -overlay=/some.json -o x ./cmd\n" {
		t.Errorf("go was run with %q", got)
	}
	empty(t, cache)
	empty(t, tmp)
}

func TestWorkspace(t *testing.T) {
	tempDirs(t)
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"go.work":        "go 1.26\n\nuse ./prog\nuse ./lib\n",
		"prog/go.mod":    "module example.com/prog\n\ngo 1.26\n",
		"prog/main.go":   program,
		"prog/lib.go":    "package main\n\nimport \"example.com/lib\"\n\nfunc init() { tag = lib.Tag }\n",
		"lib/go.mod":     "module example.com/lib\n\ngo 1.26\n",
		"lib/lib.go":     "package lib\n\nconst Tag = \"of the workspace\"\n",
		"lib/sub/sub.go": "package sub\n",
	})
	t.Setenv("GOWORK", "")
	p := built(t, dir, filepath.Join(dir, "prog"))
	if p.Tag != "of the workspace" {
		t.Errorf("tag %q", p.Tag)
	}
}

func TestVendor(t *testing.T) {
	tempDirs(t)
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"go.mod":                            "module example.com/prog\n\ngo 1.26\n\nrequire golang.org/x/sys v0.1.0\n",
		"go.sum":                            "",
		"main.go":                           program,
		"sys.go":                            "package main\n\nimport \"golang.org/x/sys/unix\"\n\nfunc init() { tag = unix.Tag }\n",
		"vendor/modules.txt":                "# golang.org/x/sys v0.1.0\n## explicit; go 1.17\ngolang.org/x/sys/unix\n",
		"vendor/golang.org/x/sys/unix/a.go": "package unix\n\nconst Tag = \"of the vendor directory\"\n",
	})
	p := built(t, dir, dir)
	if p.Tag != "of the vendor directory" {
		t.Errorf("tag %q: the program's own golang.org/x/sys was not used", p.Tag)
	}
}

func TestRunCommand(t *testing.T) {
	tempDirs(t)
	t.Setenv("GOROOT", "")
	os.Unsetenv("GOROOT")
	t.Setenv("GOTOOLCHAIN", "local")
	dir := module(t)
	check := untouched(t, dir)
	stdout, _ := mustRun(t, "run", "-C", dir, "-tags=special", ".", "-flag", "x.go")
	check()
	p := parsePrinted(t, []byte(stdout))
	onEngine(t, p)
	if strings.Join(p.Args, " ") != "-flag x.go" || p.Tag != "special" {
		t.Errorf("arguments %q, tag %s", p.Args, p.Tag)
	}
	if p.GOROOT != "" || p.GOTOOLCHAIN != "local" {
		t.Errorf("the program's environment has GOROOT=%s GOTOOLCHAIN=%s", p.GOROOT, p.GOTOOLCHAIN)
	}
	stdout, _ = mustRun(t, "run", filepath.Join(dir, "main.go"), "more.go.txt")
	onEngine(t, parsePrinted(t, []byte(stdout)))
}
