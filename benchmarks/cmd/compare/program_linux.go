package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/servers"
)

// startLimit is how long a program may take until it listens.
const startLimit = 8 * time.Second

// runProgram is the hidden command that compare runs for each server that is somebody
// else's program: it starts it and speaks for it. Arguments: its path, std or adopt, and
// what it is given itself.
func runProgram(args []string) error {
	if len(args) < 2 {
		return errors.New("program: want a path and a kind")
	}
	dir, err := os.MkdirTemp("", "compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stats := filepath.Join(dir, "stats")
	args, addr, err := listenAt(args)
	if err != nil {
		return err
	}
	cmd := exec.Command(args[0], args[2:]...)
	cmd.Env = append(cmd.Environ(), "URINGNET_STATS="+stats)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // whose end Pdeathsig is about
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	if addr, err = reached(addr, out); err != nil {
		return err
	}
	status, err := engineOf(stats, args[1] == "adopt")
	if err != nil {
		return err
	}
	answers := json.NewEncoder(os.Stdout)
	if err := answers.Encode(servers.Hello{
		Addr: addr, PID: cmd.Process.Pid, GOMAXPROCS: runtime.GOMAXPROCS(0), NumCPU: runtime.NumCPU(),
		IOUring: args[1] == "adopt", Status: status,
	}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := answers.Encode(struct{}{}); err != nil { // it counts nothing
			return err
		}
	}
	return nil
}

// listenAt puts an address in place of {addr}, {host} and {port}; it is "" if they have
// none of these.
func listenAt(args []string) (_ []string, addr string, err error) {
	if !strings.Contains(strings.Join(args, " "), "{") {
		return args, "", nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	addr = l.Addr().String()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, "", err
	}
	put := strings.NewReplacer("{addr}", addr, "{host}", host, "{port}", port)
	for i := range args {
		args[i] = put.Replace(args[i])
	}
	return args, addr, l.Close()
}

// reached returns where the program listens, once it does: at addr, or, if that is "",
// where its first line says. What it prints is thrown away.
func reached(addr string, out io.Reader) (string, error) {
	said := make(chan string, 1)
	go func() {
		in := bufio.NewReader(out)
		line, _ := in.ReadString('\n')
		said <- strings.TrimSpace(line)
		_, _ = io.Copy(io.Discard, in)
	}()
	if addr == "" {
		select {
		case addr = <-said:
		case <-time.After(startLimit):
			return "", fmt.Errorf("the program printed no address within %v", startLimit)
		}
	}
	return addr, within(func() error {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// engineOf waits until a program that adopt has built says that the engine serves it, and
// returns how.
func engineOf(path string, adopted bool) (string, error) {
	if !adopted {
		return "net of the standard library", nil
	}
	var s struct {
		On     bool
		Reason string
		Engine string
		Opened int
	}
	err := within(func() error {
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &s)
		}
		if err == nil && (!s.On || s.Opened == 0) {
			err = fmt.Errorf("the program is not on the engine: %s", text)
		}
		return err
	})
	return s.Engine, err
}

// within calls f until it has no error, for at most startLimit.
func within(f func() error) (err error) {
	for end := time.Now().Add(startLimit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = f(); err == nil {
			return nil
		}
	}
	return err
}
