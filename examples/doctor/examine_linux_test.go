package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/uringnet/go-uringnet/internal/seccomp"
)

func init() {
	installFilter = func(name string) error {
		calls := []uint32{seccomp.Setup, seccomp.Enter, seccomp.Register}
		switch name {
		case "EPERM":
			return seccomp.Block(syscall.EPERM, calls...)
		case "ENOSYS":
			return seccomp.Block(syscall.ENOSYS, calls...)
		case "kill":
			return seccomp.Kill(calls...)
		case "trap":
			return seccomp.Trap(calls...)
		}
		return fmt.Errorf("unknown filter %q", name)
	}
}

func TestReportHasEveryField(t *testing.T) {
	out, _ := runs(t, 0, append(short, "-json")...)
	var r Report
	decode(t, out, &r)
	s := r.System
	if s.OS != "linux" || s.Kernel == "" || s.CPUModel == "" || s.CPUs < 1 || s.Go == "" || s.Seccomp == "" || s.NoFile.Soft == 0 || s.Memlock.Soft == 0 {
		t.Errorf("system %+v", s)
	}
	if !r.IOUring.Usable || len(r.IOUring.Causes) > 0 {
		t.Errorf("io_uring %+v", r.IOUring)
	}
	e := r.Engine
	if !e.IOUring || e.Mode != "shared" || e.Rings < 1 || e.Transfer == "" || e.TransferReason == "" || e.SyscallNs <= 0 || len(e.Features) == 0 {
		t.Errorf("engine %+v", e)
	}
	if len(e.Modes) != 2 || e.Modes[0].Mode != "dedicated" || e.Modes[1].Mode != "sqpoll" || !e.Modes[0].Works {
		t.Errorf("modes %+v", e.Modes)
	}
	if r.SyscallCost.GetppidNs <= 0 || r.SyscallCost.RecvfromNs <= 0 {
		t.Errorf("cost %+v", r.SyscallCost)
	}
	if !r.SideBySide.IOUring {
		t.Errorf("uringnet's server ran on %q", r.SideBySide.Uring)
	}
	hasLoads(t, &r.SideBySide)
}

// hasLoads wants every load measured.
func hasLoads(t *testing.T, s *SideBySide) {
	t.Helper()
	if s.Left != "" || s.Std == "" || s.Uring == "" || len(s.Loads) != len(kinds) {
		t.Errorf("%+v", s)
		return
	}
	for i, l := range s.Loads {
		if l.Failed != "" || l.Name != kinds[i].name || (l.RatePerSecond > 0) != (kinds[i].share > 0) || l.Words == "" || l.CPU.Pairs < 1 {
			t.Errorf("%+v", l)
		}
		for _, f := range []Figures{l.Std, l.Uring} {
			if f.CPUUs <= 0 || f.P50Us <= 0 || f.P99Us < f.P50Us {
				t.Errorf("%s: %+v", l.Name, f)
			}
		}
	}
}

func TestTextSaysIt(t *testing.T) {
	out, complaint := runs(t, 0, short...)
	wants := []string{"io_uring can be used", "seccomp", "RLIMIT_MEMLOCK", "transfer", "features in use", "features missing",
		"denied for kernel bugs", "mode dedicated", "a system call costs", "kills or traps", "URINGNET=off does not touch io_uring", "Verdict"}
	for _, k := range kinds {
		wants = append(wants, k.name)
	}
	for _, want := range wants {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if !strings.Contains(complaint, "measuring for about") {
		t.Errorf("it said %q", complaint)
	}
}

// child runs the doctor in a process of its own and decodes what it says.
func child(t *testing.T, env ...string) (r Report) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], append(short, "-json")...)
	cmd.Env = append(os.Environ(), env...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, complaint.String())
	}
	decode(t, out.String(), &r)
	return r
}

func TestForbidden(t *testing.T) {
	for filter, errno := range map[string]syscall.Errno{"EPERM": syscall.EPERM, "ENOSYS": syscall.ENOSYS} {
		t.Run(filter, func(t *testing.T) {
			r := child(t, filterEnv+"="+filter)
			if u := r.IOUring; u.Usable || u.Reason == "" || len(u.Causes) != 1 || u.Causes[0].Name != "seccomp" || u.Causes[0].Change == "" {
				t.Errorf("%+v", u)
			}
			if r.Engine.IOUring || r.Engine.Errno != int(errno) || r.Engine.Killed != "" || r.System.Seccomp != "filter" || r.System.Filters < 1 {
				t.Errorf("engine %+v, system %+v", r.Engine, r.System)
			}
			if len(r.Engine.Modes) > 0 {
				t.Errorf("modes without io_uring: %+v", r.Engine.Modes)
			}
			if r.SideBySide.IOUring {
				t.Errorf("uringnet ran on %q", r.SideBySide.Uring)
			}
			hasLoads(t, &r.SideBySide)
		})
	}
}

// A filter that kills is told of, not died of.
func TestKilled(t *testing.T) {
	for _, filter := range []string{"kill", "trap"} {
		t.Run(filter, func(t *testing.T) {
			r := child(t, filterEnv+"="+filter)
			if !strings.Contains(r.Engine.Killed, "SIGSYS") || r.IOUring.Usable || len(r.IOUring.Causes) != 1 || r.IOUring.Causes[0].Name != "seccomp" {
				t.Errorf("engine %+v, %+v", r.Engine, r.IOUring)
			}
			if !strings.Contains(r.SideBySide.Left, "URINGNET=off") || len(r.SideBySide.Loads) > 0 {
				t.Errorf("%+v", r.SideBySide)
			}
			// What it recommends works.
			r = child(t, filterEnv+"="+filter, "URINGNET=off")
			if r.Engine.Killed != "" || r.IOUring.Causes[0].Name != "environment" {
				t.Errorf("with URINGNET=off: engine %+v, %+v", r.Engine, r.IOUring)
			}
			hasLoads(t, &r.SideBySide)
		})
	}
}

func TestSwitchedOff(t *testing.T) {
	for _, env := range []string{"off", "fallback=always", "disable=io-uring"} {
		e := engineOf(t, env)
		u := diagnose(System{OS: "linux", Env: env}, e)
		if e.IOUring || len(u.Causes) != 1 || u.Causes[0].Name != "environment" || !strings.Contains(u.Causes[0].Why, env) {
			t.Errorf("%s: engine %+v, %+v", env, e, u)
		}
	}
	if e := engineOf(t, "transfer=direct"); !e.IOUring || e.Transfer != "direct" || e.TransferReason != "by configuration" {
		t.Errorf("%+v", e)
	}
	if e := engineOf(t, "mode=dedicated"); e.Mode != "dedicated" || len(e.Modes) != 2 || e.Modes[0].Mode != "shared" {
		t.Errorf("%+v", e)
	}
	if e := engineOf(t, "nonsense"); !e.IOUring || !strings.Contains(e.EnvError, "nonsense") {
		t.Errorf("%+v", e)
	}
}

func engineOf(t *testing.T, env string) Engine {
	t.Helper()
	t.Setenv("URINGNET", env)
	e, err := askEngine()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Two ports in a row are hard to be sure of: a few are tried.
func TestPorts(t *testing.T) {
	const tries = 20
	for range tries {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := ln.Addr().(*net.TCPAddr).Port
		o := &options{port: port}
		if err := o.checkPorts(); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("std's port is in use: %v", err)
		}
		o.port = port - 1
		if err := o.checkPorts(); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("uringnet's port is in use: %v", err)
		}
		out, complaint := runs(t, 1, fmt.Sprintf("-port=%d", port))
		if want := fmt.Sprintf("-port %d: want two free ports", port); !strings.Contains(complaint, want) || out != "" {
			t.Errorf("it said %q, want %q", complaint, want)
		}
		if err := ln.Close(); err != nil {
			t.Fatal(err)
		}
		o.port = port
		if port > maxPort || o.checkPorts() != nil {
			continue
		}
		runs(t, 0, append(short, fmt.Sprintf("-port=%d", port))...)
		return
	}
	t.Error("no two free ports in a row")
}
