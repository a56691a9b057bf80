package adopt

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// doctor prints what is put where, and builds package net with it.
func doctor(stdout, stderr io.Writer) error {
	g, err := findGo("")
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "go       %s for %s/%s\nGOROOT   %s\n", g.vars.GOVERSION, g.vars.GOOS, g.vars.GOARCH, g.vars.GOROOT)
	if !g.served() {
		fmt.Fprintln(stdout, "builds for this system are std's: the engine is for linux/amd64 and linux/arm64")
		return nil
	}
	if err := checkVersion(g.vars.GOVERSION); err != nil {
		return err
	}
	p, err := g.plan(g.vars.GOARCH)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "stamp    %s\n\nEdits of the standard library, in copies:\n", p.Stamp)
	for _, e := range p.Edits {
		if e.Old != "" {
			fmt.Fprintf(stdout, "  %s: %s: %s  is now  %s\n", e.File, e.Func, e.Old, e.Text)
		} else {
			fmt.Fprintf(stdout, "  %s: %s: added  %s\n", e.File, e.Func, strings.Trim(e.Text, " ;"))
		}
	}
	fmt.Fprintf(stdout, "\nFiles added:\n")
	for _, line := range p.added() {
		fmt.Fprintln(stdout, "  "+line)
	}
	tmp, err := os.MkdirTemp("", "uringnet-adopt-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	overlay, err := g.lay(p, tmp, "")
	if err != nil {
		return err
	}
	if status, err := g.run(stdout, stderr, "build", "-overlay="+overlay, "net"); err != nil || status != 0 {
		return fmt.Errorf("package net does not build with them (exit status %d)", status)
	}
	fmt.Fprintln(stdout, "\nPackage net builds with them.")
	return nil
}

// added lists the files that are laid over none, by directory.
func (p *Plan) added() (lines []string) {
	counts := map[string]int{}
	var dirs []string
	for _, f := range p.files {
		dir := f.name[:strings.LastIndex(f.name, "/")]
		if !strings.Contains(f.name, "uringnet") {
			continue
		}
		if counts[dir] == 0 {
			dirs = append(dirs, dir)
		}
		counts[dir]++
	}
	for _, dir := range dirs {
		lines = append(lines, fmt.Sprintf("%s: %d", dir, counts[dir]))
	}
	return lines
}
