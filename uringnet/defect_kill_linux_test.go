package uringnet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/seccomp"
	"github.com/uringnet/go-uringnet/uringnet"
)

func init() {
	children["kill-off"] = killOffChild
	children["kill-always"] = killAlwaysChild
	children["kill-proof"] = killProofChild
}

// killIOUring ends this process at its first io_uring call.
func killIOUring() error { return seccomp.Kill(seccomp.Setup, seccomp.Enter, seccomp.Register) }

// Under a filter that kills whoever touches io_uring, URINGNET=off and
// FallbackAlways serve.
func TestDefectKilledForIOUring(t *testing.T) {
	for part, env := range map[string]string{"kill-off": "off", "kill-always": ""} {
		t.Run(part, func(t *testing.T) { runKind(t, part, "std", uringnet.EnvVar+"="+env) })
	}
	t.Run("proof", func(t *testing.T) { // that the filter kills
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"=kill-proof", "GORACE=atexit_sleep_ms=0")
		out, err := cmd.CombinedOutput()
		var ee *exec.ExitError
		if !errors.As(err, &ee) || ee.Sys().(syscall.WaitStatus).Signal() != unix.SIGSYS {
			t.Errorf("%v, want death by SIGSYS\n%s", err, out)
		}
	})
}

func killProofChild() error {
	if err := killIOUring(); err != nil {
		return err
	}
	_, _, errno := syscall.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0)
	return fmt.Errorf("alive after io_uring_setup: %w", errno)
}

func killOffChild() error {
	time.AfterFunc(patience, func() { panic("child hangs") })
	if err := killIOUring(); err != nil {
		return err
	}
	if s := uringnet.Default().Status(); s.IOUring || s.Reason == "" {
		return fmt.Errorf("default engine: %v", s)
	}
	if err := serves("package functions", stack{"uringnet", uringnet.Listen, uringnet.Dial}); err != nil {
		return err
	}
	for _, mode := range []uringnet.DriveMode{uringnet.ModeShared, uringnet.ModeDedicated, uringnet.ModeSQPoll} {
		for _, fallback := range []uringnet.FallbackPolicy{uringnet.FallbackAuto, uringnet.FallbackAlways} {
			if err := servesAll(uringnet.Config{Mode: mode, Fallback: fallback}); err != nil {
				return fmt.Errorf("%v, %v: %w", mode, fallback, err)
			}
		}
		// Whether this is an error or overridden, it is no reason to touch io_uring.
		if e, err := uringnet.NewEngine(uringnet.Config{Mode: mode, Fallback: uringnet.FallbackNever}); err == nil {
			if err := e.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}

func killAlwaysChild() error {
	time.AfterFunc(patience, func() { panic("child hangs") })
	if err := killIOUring(); err != nil {
		return err
	}
	return servesAll(uringnet.Config{Fallback: uringnet.FallbackAlways})
}

// servesAll checks that an engine carries connections, files, chains and events.
func servesAll(cfg uringnet.Config) error {
	e, err := uringnet.NewEngine(cfg)
	if err != nil {
		return err
	}
	if s := e.Status(); s.IOUring {
		return fmt.Errorf("uses io_uring: %v", s)
	}
	_ = e.Stats()
	if err := serves("engine", stackOf(e)); err != nil {
		return err
	}
	f, err := e.OpenFile(filepath.Join(os.Getenv(dirEnv), "f"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	for _, k := range fileWorks {
		if err := k.work(e, f, 0, []byte(k.name)); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	pool, err := e.FixedBuffers()
	if err != nil {
		return err
	}
	b := pool.Get()
	if _, err := f.ReadAt(b[:1], 0); err != nil {
		return err
	}
	pool.Put(b)
	if err := servesEvents(e); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	return errors.Join(f.Close(), e.Close())
}

// servesEvents echoes by events.
func servesEvents(e *uringnet.Engine) error {
	c, peer, err := connected(e)
	if err != nil {
		return err
	}
	defer peer.Close()
	closed, onClosed := ends()
	h := &eventFuncs{closed: onClosed, data: func(ec *uringnet.EventConn, b []byte) { _, _ = ec.Write(b) }}
	ec, err := e.AttachEvents(c, h)
	if err != nil {
		return err
	}
	return useAttached(ec, nil, nil, peer, closed)
}
