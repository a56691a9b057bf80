package adopt

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// write makes a tree of files, by their paths below dir.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs adopt and returns its exit status and what it has printed.
func run(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = Run(args, &out, &err)
	return status, out.String(), err.String()
}

// mustRun is run for what has to succeed.
func mustRun(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	status, stdout, stderr := run(args...)
	if status != 0 {
		t.Fatalf("adopt %s: exit status %d\n%s%s", strings.Join(args, " "), status, stdout, stderr)
	}
	return stdout, stderr
}

// digest is a hash of a tree: names, modes, contents.
func digest(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(h, "%s %s %d\n%s", path, d.Type(), len(text), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// empty checks that a directory has nothing in it.
func empty(t *testing.T, dir string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		t.Errorf("left behind: %s", filepath.Join(dir, e.Name()))
	}
}

// tempDirs gives the test directories for what adopt keeps, and for what is temporary.
func tempDirs(t *testing.T) (cache, tmp string) {
	t.Helper()
	cache, tmp = t.TempDir(), t.TempDir()
	if os.Getenv("GOCACHE") == "" { // go's own stays where it is
		if dir, err := os.UserCacheDir(); err == nil {
			t.Setenv("GOCACHE", filepath.Join(dir, "go-build"))
		}
	}
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("TMPDIR", tmp)
	return cache, tmp
}

// fakeGo puts a go command first in PATH that says of itself what vars say, and returns
// the path of a file in which it notes what else it was asked to do.
func fakeGo(t *testing.T, vars goVars) (log string) {
	t.Helper()
	dir := t.TempDir()
	log = filepath.Join(dir, "log")
	text, err := json.Marshal(vars)
	if err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nif [ \"$1\" = env ]; then cat " + dir + "/vars; exit; fi\necho \"$*\" >>" + log +
		"\nif [ \"$1\" = list ]; then echo 'true net net'; echo 'false main prog'; fi\n"
	write(t, dir, map[string]string{"vars": string(text), "go": script})
	if err := os.Chmod(filepath.Join(dir, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return log
}

// goroot is the GOROOT that runs the tests.
func goroot(t *testing.T) string {
	t.Helper()
	g, err := findGo("")
	if err != nil {
		t.Fatal(err)
	}
	return g.vars.GOROOT
}

// copyPoll copies what the seam looks at into a GOROOT of the test's own.
func copyPoll(t *testing.T) (root string) {
	t.Helper()
	from, root := goroot(t), t.TempDir()
	for _, dir := range []string{"src/internal/poll", "src/net"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(from, "src/internal/poll/*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files in %s: %v", len(names), from, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, root, map[string]string{"src/internal/poll/" + filepath.Base(name): string(text)})
	}
	return root
}

// change replaces text in a file, which has to have it.
func change(t *testing.T, path, old, with string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, with)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// native are go env's variables for this machine.
func native(root, version string) goVars {
	return goVars{GOROOT: root, GOVERSION: version, GOOS: "linux", GOARCH: runtime.GOARCH, GOMODCACHE: "/nowhere"}
}
