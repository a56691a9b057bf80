package adopt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// goCommand is the go command that builds, with what it says of itself.
type goCommand struct {
	path string
	dir  string   // where it runs: -C
	env  []string // what is added to the environment
	vars goVars
}

// goVars are go env's.
type goVars struct {
	GOROOT, GOVERSION, GOOS, GOARCH, GOMODCACHE, GOFLAGS string
}

// findGo finds the go command, and which Go it chooses in dir.
func findGo(dir string) (*goCommand, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("no go command: %w", err)
	}
	g := &goCommand{path: path, dir: dir}
	out, err := g.output(dir, nil, "env", "-json", "GOROOT", "GOVERSION", "GOOS", "GOARCH", "GOMODCACHE", "GOFLAGS")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &g.vars); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	g.vars.GOROOT = unmirrored(g.vars.GOROOT)
	return g, nil
}

// output runs go and returns what it prints. An error contains what it says on stderr.
func (g *goCommand) output(dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.Command(g.path, args...)
	cmd.Dir = dir
	cmd.Env = append(append(cmd.Environ(), g.env...), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

// run runs go in the foreground and returns its exit status. Interrupts are left to it.
func (g *goCommand) run(stdout, stderr io.Writer, args ...string) (int, error) {
	cmd := exec.Command(g.path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, stderr
	cmd.Env = append(cmd.Environ(), g.env...)
	sigs := make(chan os.Signal, 1)
	signal.Notify(sigs, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(sigs)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	go func() {
		for s := range sigs {
			if s == syscall.SIGTERM { // a terminal sends an interrupt to both
				_ = cmd.Process.Signal(s)
			}
		}
	}()
	err := cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}
