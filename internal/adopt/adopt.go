package adopt

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const usage = `usage: adopt COMMAND [flags] [packages]

adopt runs the go command so that package net of what it builds runs on the engine.
The commands take what go's take:

	build, install   build programs
	run              build a program and run it
	test             build tests and run them
	vet, list        as go's, of the same source
	doctor           print what is put into the standard library, and whether it builds

The environment variable URINGNET=off gives a program that was built so std's sockets.
`

// goCommands are what adopt passes on.
var goCommands = []string{"build", "install", "run", "test", "vet", "list"}

// Run is the command: it returns the exit status.
func Run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(stderr, usage)
		return 2
	}
	fail := func(err error) int {
		fmt.Fprintln(stderr, "adopt:", err)
		return 1
	}
	if args[0] == "doctor" {
		if len(args) > 1 {
			return fail(fmt.Errorf("doctor %s: want no arguments", args[1]))
		}
		if err := doctor(stdout, stderr); err != nil {
			return fail(err)
		}
		return 0
	}
	if !slices.Contains(goCommands, args[0]) {
		fmt.Fprintf(stderr, "adopt: command %s: want build, install, run, test, vet, list or doctor\n", args[0])
		return 2
	}
	in, err := parseArgs(args[0], args[1:])
	if err != nil {
		return fail(err)
	}
	status, err := in.build(stdout, stderr)
	if err != nil {
		return fail(err)
	}
	return status
}

// build runs the go command with the overlay.
func (in *invocation) build(stdout, stderr io.Writer) (int, error) {
	g, err := findGo(in.dir)
	if err != nil {
		return 1, err
	}
	users := in.usersOverlay(g.vars.GOFLAGS)
	if !g.served() {
		fmt.Fprintf(stderr, "adopt: %s/%s: want linux/amd64 or linux/arm64: this build is std's\n", g.vars.GOOS, g.vars.GOARCH)
		return g.run(stdout, stderr, in.command(users)...)
	}
	if err := checkVersion(g.vars.GOVERSION); err != nil {
		return 1, err
	}
	if err := in.checkPackages(g, users, stderr); err != nil {
		return 1, err
	}
	p, err := g.plan(g.vars.GOARCH)
	if err != nil {
		return 1, err
	}
	tmp, err := os.MkdirTemp("", "uringnet-adopt-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(tmp)
	overlay, err := g.lay(p, tmp, users)
	if err != nil {
		return 1, err
	}
	return g.run(stdout, stderr, in.execClean(g).command(overlay)...)
}

// lay writes the overlay, for a GOROOT that go accepts it for.
func (g *goCommand) lay(p *Plan, tmp, users string) (string, error) {
	goroot := g.vars.GOROOT
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = tmp
	}
	if err := g.mirror(filepath.Join(cache, "uringnet-adopt"), p.dirs()); err != nil {
		return "", err
	}
	return p.write(tmp, g.vars.GOROOT, goroot, users)
}

// served reports whether there is an engine for what is built.
func (g *goCommand) served() bool {
	return g.vars.GOOS == "linux" && (g.vars.GOARCH == "amd64" || g.vars.GOARCH == "arm64")
}

// checkPackages refuses what is not a program, and says so if one does not use package
// net.
func (in *invocation) checkPackages(g *goCommand, users string, stderr io.Writer) error {
	if in.cmd != "build" && in.cmd != "install" && in.cmd != "run" || in.versioned() {
		return nil
	}
	args := []string{"list", "-deps", "-f", "{{.DepOnly}} {{.Name}} {{.ImportPath}}"}
	if users != "" {
		args = append(args, "-overlay="+users)
	}
	args = append(append(args, in.shape...), in.packages...)
	out, err := g.output(in.dir, nil, args...)
	if err != nil {
		return err
	}
	main, net := false, false
	for line := range bytes.Lines(out) {
		depOnly, rest, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		name, path, _ := strings.Cut(rest, " ")
		main = main || depOnly == "false" && name == "main"
		net = net || path == "net"
	}
	named := strings.Join(in.packages, " ")
	if named == "" {
		named = "."
	}
	if !main {
		return fmt.Errorf("%s %s: no main package: want a program", in.cmd, named)
	}
	if !net {
		fmt.Fprintf(stderr, "adopt: %s does not use package net: there is nothing to put on the engine\n", named)
	}
	return nil
}

// versioned reports whether packages are named with a version, which go list does not
// take. (That one is not a main package is said by go then.)
func (in *invocation) versioned() bool {
	return slices.ContainsFunc(in.packages, func(p string) bool {
		return strings.Contains(p, "@") && !strings.HasPrefix(p, ".") && !strings.HasPrefix(p, "/")
	})
}

// execClean keeps from a program that is run what was added to go's environment.
func (in *invocation) execClean(g *goCommand) *invocation {
	if in.cmd != "run" || in.exec || len(g.env) == 0 {
		return in
	}
	var unset, set []string
	for _, e := range g.env {
		name, _, _ := strings.Cut(e, "=")
		if old, ok := os.LookupEnv(name); ok {
			set = append(set, name+"="+old)
		} else {
			unset = append(unset, "-u "+name)
		}
	}
	clean := *in
	clean.rest = append([]string{"-exec=env " + strings.Join(append(unset, set...), " ")}, in.rest...)
	return &clean
}
