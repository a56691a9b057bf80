package adopt

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Go runs its assembler and vet in the directory of a package, also of one that only an
// overlay has; and it refuses overlays of files below the module cache, where the
// toolchains are that it downloads. So it is given a mirror for its GOROOT: a tree of
// symlinks to what is in the real one, with empty directories for the engine's packages.
// It has no contents of its own and stays, for debuggers to find the source by.

// mirrored are the directories of GOROOT that a mirror has itself, entry by entry.
var mirrored = []string{".", "src", "src/internal"}

// mirror makes a mirror of the GOROOT below dir, unless there is one, with empty
// directories below its src, and has go use it.
func (g *goCommand) mirror(dir string, empty []string) error {
	links, name, err := listMirror(g.vars.GOROOT, empty)
	if err != nil {
		return err
	}
	tree := filepath.Join(dir, g.vars.GOVERSION+"-"+name)
	if !complete(tree, empty) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := makeMirror(tree, g.vars.GOROOT, links, empty); err != nil {
			return err
		}
	}
	g.path = filepath.Join(g.vars.GOROOT, "bin/go")
	g.env = []string{"GOROOT=" + tree, "GOTOOLCHAIN=local"}
	g.vars.GOROOT = tree
	return nil
}

// unmirrored returns the GOROOT that a mirror is of: tests that adopt runs have the mirror
// in their environment, and may run adopt. Anything else is returned as it is.
func unmirrored(goroot string) string {
	if info, err := os.Stat(filepath.Join(goroot, "src", stdPrefix)); err != nil || !info.IsDir() {
		return goroot
	}
	net, err := os.Readlink(filepath.Join(goroot, "src/net"))
	if err != nil {
		return goroot
	}
	return filepath.Dir(filepath.Dir(net))
}

// listMirror returns what is to be linked, below GOROOT, and a name for all of it.
func listMirror(goroot string, empty []string) (links []string, name string, err error) {
	for _, dir := range mirrored {
		list, err := os.ReadDir(filepath.Join(goroot, dir))
		if err != nil {
			return nil, "", err
		}
		for _, e := range list {
			if path := filepath.Join(dir, e.Name()); !slices.Contains(mirrored, path) {
				links = append(links, path)
			}
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(append([]string{goroot}, append(empty, links...)...), "\n")))
	return links, hex.EncodeToString(sum[:6]), nil
}

// complete reports whether a mirror is there: it is put in place as a whole.
func complete(tree string, empty []string) bool {
	for _, dir := range append([]string{"src/net", "src/internal/poll"}, prefixed("src/", empty)...) {
		if info, err := os.Stat(filepath.Join(tree, dir)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

func prefixed(prefix string, list []string) (out []string) {
	for _, s := range list {
		out = append(out, prefix+s)
	}
	return out
}

// makeMirror makes a mirror, beside its place, and moves it there.
func makeMirror(tree, goroot string, links, empty []string) error {
	fresh, err := os.MkdirTemp(filepath.Dir(tree), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	for _, dir := range append(mirrored, prefixed("src/", empty)...) {
		if err := os.MkdirAll(filepath.Join(fresh, dir), 0o755); err != nil {
			return err
		}
	}
	for _, path := range links {
		if err := os.Symlink(filepath.Join(goroot, path), filepath.Join(fresh, path)); err != nil {
			return err
		}
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	for range 2 {
		if err = os.Rename(fresh, tree); err == nil || complete(tree, empty) { // made by somebody else meanwhile
			return nil
		}
		if err := os.RemoveAll(tree); err != nil {
			return err
		}
	}
	return fmt.Errorf("mirror of GOROOT: %w", err)
}
