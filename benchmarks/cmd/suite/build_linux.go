package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// module is the path of the module that holds this command.
const module = "github.com/uringnet/go-uringnet"

// build builds the servers that are not in this program, as far as they are
// asked for. What cannot be built is missing from r.built, with a note.
func (r *runner) build() {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		r.note("only this program's own servers: the module's directory is unknown: %v", err)
		return
	}
	r.root = strings.TrimSpace(string(out))
	for _, kind := range cKinds {
		if r.wants(kind) {
			source := filepath.Join(r.root, "benchmarks", "csrc", strings.TrimPrefix(kind, "c-")+".c")
			r.make(kind, "gcc", "-O2", "-o", filepath.Join(r.tmp, kind), source, "-luring")
		}
	}
	if !slices.ContainsFunc(peerKinds, r.wants) {
		return
	}
	const name = "peers"
	args := []string{"build", "-C", filepath.Join(r.root, "benchmarks", name), "-o", filepath.Join(r.tmp, name)}
	// One of them refers to an unexported name of the standard library.
	if !r.make(name, "go", append(args, "-tags=iouringgo", "-ldflags=-checklinkname=0", ".")...) &&
		!r.make(name, "go", append(args, ".")...) {
		return
	}
	for _, kind := range peerKinds {
		r.built[kind] = r.built[name]
	}
}

// wants is whether a kind of server is asked for.
func (r *runner) wants(kind string) bool {
	for _, s := range r.opts.servers {
		if s.Kind == kind {
			return true
		}
	}
	return false
}

// make runs the command that builds r.tmp/name.
func (r *runner) make(name, command string, args ...string) bool {
	cmd := exec.Command(command, args...)
	cmd.Env = append(os.Environ(), "GOWORK=off") // the peers' module is not of the workspace
	if out, err := cmd.CombinedOutput(); err != nil {
		r.note("%s left out: it cannot be built: %v: %s", name, err, strings.TrimSpace(string(out)))
		return false
	}
	r.built[name] = filepath.Join(r.tmp, name)
	return true
}
