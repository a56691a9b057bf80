package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/poller"
	"github.com/uringnet/go-uringnet/uringnet"
)

// statusLimit is how long a child may take to make engines.
const statusLimit = 20 * time.Second

// askEngine has a child process make the engine and say how it runs. A filter that
// kills ends the child, not the doctor.
func askEngine() (Engine, error) {
	self, err := os.Executable()
	if err != nil {
		return Engine{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), statusLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, statusCommand)
	cmd.WaitDelay = time.Second
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	switch err := cmd.Run(); {
	case err == nil:
	case ctx.Err() != nil:
		return Engine{}, fmt.Errorf("no engine within %v", statusLimit)
	case forbidden(err, complaint.String()):
		killed := fmt.Sprintf("a process that asks for io_uring ends with it: %v, bad system call (SIGSYS)", err)
		return Engine{Status: killed, Reason: killed, Killed: killed}.whole(), nil
	default:
		return Engine{}, fmt.Errorf("the process that makes an engine: %w\n%s", err, strings.TrimSpace(complaint.String()))
	}
	var e Engine
	if err := json.Unmarshal(out.Bytes(), &e); err != nil {
		return Engine{}, fmt.Errorf("the process that makes an engine wrote %q: %w", out.Bytes(), err)
	}
	return e, nil
}

// forbidden is whether a child ended by SIGSYS: killed by a filter, or trapped by one,
// which Go's runtime does not survive either.
func forbidden(err error, complaint string) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && (signalled(exit) || strings.Contains(complaint, "SIGSYS"))
}

// status is the hidden command of that child.
func status(out io.Writer) error {
	st := uringnet.Default().Status()
	e := describe(st)
	for _, m := range []uringnet.DriveMode{uringnet.ModeShared, uringnet.ModeDedicated, uringnet.ModeSQPoll} {
		if st.IOUring && m != st.Ring.Mode {
			e.Modes = append(e.Modes, try(m))
		}
	}
	return json.NewEncoder(out).Encode(e)
}

// describe is the status for JSON.
func describe(st uringnet.Status) Engine {
	r := st.Ring
	e := Engine{
		IOUring: st.IOUring, Status: st.String(), Reason: st.Reason, EnvError: st.EnvError,
		Mode: "std", Rings: r.Rings, SyscallNs: r.SyscallCost.Nanoseconds(),
		Features: r.Features.Names(), SwitchedOff: r.Disabled.Names(), Denied: r.Denied.Names(), Notes: r.Notes,
	}
	if r.Rings > 0 {
		e.Mode, e.Transfer, e.TransferReason = r.Mode.String(), r.Transfer.String(), r.TransferReason
	}
	var errno syscall.Errno
	if errors.As(st.Err, &errno) {
		e.Errno = int(errno)
	}
	for _, name := range r.Missing.Names() {
		if f, err := poller.ParseFeature(name); err == nil {
			e.Missing = append(e.Missing, Missed{name, f.MinKernel()})
		}
	}
	return e.whole()
}

// whole has empty lists in place of none: JSON then says [] in place of null.
func (e Engine) whole() Engine {
	for _, list := range []*[]string{&e.Features, &e.SwitchedOff, &e.Denied, &e.Notes} {
		if *list == nil {
			*list = []string{}
		}
	}
	if e.Missing == nil {
		e.Missing = []Missed{}
	}
	if e.Modes == nil {
		e.Modes = []Mode{}
	}
	return e
}

// try makes an engine of a mode.
func try(mode uringnet.DriveMode) Mode {
	m := Mode{Mode: mode.String(), Denied: []string{}, Notes: []string{}}
	e, err := uringnet.NewEngine(uringnet.Config{
		Mode: mode, Rings: 1, Fallback: uringnet.FallbackNever, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		m.Reason = err.Error()
		return m
	}
	st := e.Status()
	m.Works = st.IOUring && st.Ring.Mode == mode
	if !m.Works {
		m.Reason = fmt.Sprintf("%s=%s does not let it be", uringnet.EnvVar, os.Getenv(uringnet.EnvVar))
	}
	m.Denied = append(m.Denied, st.Ring.Denied.Names()...)
	m.Notes = append(m.Notes, st.Ring.Notes...)
	if err := e.Close(); err != nil {
		m.Notes = append(m.Notes, err.Error())
	}
	return m
}
