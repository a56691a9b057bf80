package adopt

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
)

// invocation is a go command line, taken apart as far as adopt has to.
type invocation struct {
	cmd      string
	dir      string   // -C
	overlay  string   // -overlay, which is not in rest
	exec     bool     // -exec is in rest
	rest     []string // what follows cmd, without -C and -overlay
	shape    []string // of rest: the flags that decide which files belong to a package
	packages []string // build, install and run
}

// valueFlags are go's flags that take a value, in the next argument if not behind a "=".
var valueFlags = []string{
	"C", "asmflags", "buildmode", "compiler", "coverpkg", "covermode", "exec", "gccgoflags", "gcflags", "installsuffix",
	"ldflags", "mod", "modfile", "o", "overlay", "p", "pgo", "pkgdir", "tags", "toolexec",
}

// shapeFlags are those that decide which packages and files there are.
var shapeFlags = []string{"tags", "mod", "modfile", "race", "msan", "asan", "compiler"}

// parseArgs takes the arguments of a go command apart.
func parseArgs(cmd string, args []string) (*invocation, error) {
	in := &invocation{cmd: cmd}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "-args" || arg == "--args" || arg == "--" {
			in.rest = append(in.rest, args[i:]...)
			return in, nil
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			if cmd == "build" || cmd == "install" || cmd == "run" {
				in.packages = in.named(args[i:])
				in.rest = append(in.rest, args[i:]...)
				return in, nil
			}
			in.rest = append(in.rest, arg) // a package, or the value of one of test's flags
			continue
		}
		name, value, has := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		words := []string{arg}
		if !has && slices.Contains(valueFlags, name) {
			if i++; i == len(args) {
				return nil, errors.New("-" + name + ": want a value")
			}
			value = args[i]
			words = append(words, value)
		}
		in.flag(name, value, words)
	}
	return in, nil
}

// flag takes a flag, which is written as words.
func (in *invocation) flag(name, value string, words []string) {
	switch {
	case name == "C":
		in.dir = value
		return
	case name == "overlay":
		in.overlay = value
		return
	case name == "exec":
		in.exec = true
	case slices.Contains(shapeFlags, name):
		in.shape = append(in.shape, words...)
	}
	in.rest = append(in.rest, words...)
}

// named returns what of the arguments behind the flags names packages: for run it is one
// package, or files, and the program's arguments follow.
func (in *invocation) named(args []string) []string {
	if in.cmd != "run" {
		return args
	}
	n := 0
	for n < len(args) && strings.HasSuffix(args[n], ".go") {
		n++
	}
	return args[:max(n, 1)]
}

// usersOverlay returns the path of the overlay that the user has asked for, "" if none.
func (in *invocation) usersOverlay(goflags string) string {
	path := in.overlay
	for _, flag := range strings.Fields(goflags) {
		if name, value, _ := strings.Cut(strings.TrimLeft(flag, "-"), "="); name == "overlay" && path == "" {
			path = strings.Trim(value, `'"`)
		}
	}
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(in.dir, path)
	}
	return path
}

// command returns the arguments of the go command with an overlay.
func (in *invocation) command(overlay string) []string {
	args := []string{in.cmd}
	if in.dir != "" {
		args = append(args, "-C="+in.dir)
	}
	if overlay != "" {
		args = append(args, "-overlay="+overlay)
	}
	return append(args, in.rest...)
}
