//go:build linux

package uringnet_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/seccomp"
	"github.com/uringnet/go-uringnet/uringnet"
)

// A hardship is something that processes meet in containers and on hardened
// machines. Under each, everything has to serve all the same.
type hardship struct {
	name string
	env  string // value of URINGNET
	// impose makes it so; lift, if not nil, ends it after the engines are made.
	impose func() (lift func(), err error)
	ring   bool             // io_uring is used all the same
	may    bool             // whether it is depends on the kernel
	lacks  uringnet.Feature // but without these
	errno  syscall.Errno    // what Status().Err wraps, if not 0
	says   []string         // what Status().Reason names
}

func blocked(errno syscall.Errno, calls ...uint32) func() (func(), error) {
	return func() (func(), error) { return nil, seccomp.Block(errno, calls...) }
}

func limited(resource int, to uint64) func() (func(), error) {
	return func() (func(), error) {
		return nil, unix.Setrlimit(resource, &unix.Rlimit{Cur: to, Max: to})
	}
}

var hardships = []hardship{
	{
		name: "eperm", impose: blocked(syscall.EPERM, seccomp.Setup, seccomp.Enter, seccomp.Register),
		errno: syscall.EPERM, says: []string{"io_uring_setup", "not permitted", "seccomp"},
	},
	{
		name: "enosys", impose: blocked(syscall.ENOSYS, seccomp.Setup, seccomp.Enter, seccomp.Register),
		errno: syscall.ENOSYS, says: []string{"io_uring_setup", "not implemented", "seccomp", "kernel"},
	},
	{
		// A refusal that is on no list of known ones.
		name: "eacces-odd", impose: blocked(syscall.EXDEV, seccomp.Setup, seccomp.Enter, seccomp.Register),
		errno: syscall.EXDEV, says: []string{"io_uring_setup", "cross-device"},
	},
	{
		name: "enter-eperm", impose: blocked(syscall.EPERM, seccomp.Enter),
		errno: syscall.EPERM, says: []string{"io_uring_enter", "not permitted", "seccomp"},
	},
	{
		name: "enter-enosys", impose: blocked(syscall.ENOSYS, seccomp.Enter),
		errno: syscall.ENOSYS, says: []string{"io_uring_enter", "not implemented", "seccomp"},
	},
	{
		name: "register-eperm", impose: blocked(syscall.EPERM, seccomp.Register),
		ring: true, lacks: uringnet.FeatProvidedBuffers,
	},
	{name: "nofile-64", impose: limited(unix.RLIMIT_NOFILE, 64), ring: true},
	// Rings count against this limit up to 5.11, and again on 6.18.
	{
		name: "memlock-0", impose: limited(unix.RLIMIT_MEMLOCK, 0), may: true,
		errno: syscall.ENOMEM, says: []string{"cannot allocate memory", "RLIMIT_MEMLOCK"},
	},
	{
		name: "memlock-64k", impose: limited(unix.RLIMIT_MEMLOCK, 64<<10), may: true,
		errno: syscall.ENOMEM, says: []string{"cannot allocate memory", "RLIMIT_MEMLOCK"},
	},
	{
		name: "nofile-used-up", impose: useUpAll,
		errno: syscall.EMFILE, says: []string{"io_uring_setup", "too many open files", "RLIMIT_NOFILE"},
	},
	{
		name: "off", env: "off", impose: func() (func(), error) { return nil, nil },
		says: []string{"URINGNET=off", "environment"},
	},
}

// useUpAll leaves no descriptor, as a leak elsewhere in the process would.
func useUpAll() (lift func(), err error) {
	low := unix.Rlimit{Cur: 200, Max: 200}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		return nil, err
	}
	filler, err := useUpDescriptors()
	return func() { closeAll(filler) }, err
}

// runUnprivileged runs cmd without what lets root ignore limits.
func runUnprivileged(cmd *exec.Cmd) (out []byte, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // the thread ends with the goroutine
		for _, c := range []uintptr{unix.CAP_IPC_LOCK, unix.CAP_SYS_RESOURCE} {
			if err = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && os.Geteuid() == 0 {
				err = fmt.Errorf("PR_CAPBSET_DROP: %w", err)
				return
			}
		}
		out, err = cmd.CombinedOutput()
	}()
	<-done
	return out, err
}

func init() {
	for _, h := range hardships {
		children["reach-"+h.name] = h.child
	}
}

// Under every hardship, a process of its own serves and says why it runs as
// it does.
func TestReach(t *testing.T) {
	if stdOnly {
		return
	}
	for _, h := range hardships {
		t.Run(h.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"=reach-"+h.name, uringnet.EnvVar+"="+h.env, "GORACE=atexit_sleep_ms=0")
			out, err := runUnprivileged(cmd)
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// child is the process under the hardship.
func (h hardship) child() error {
	time.AfterFunc(patience, func() { panic("child hangs") })
	defaultLog := &counter{}
	slog.SetDefault(slog.New(defaultLog))
	if err := serves("net", stdStack); err != nil { // makes the runtime's poller
		return err
	}
	lift, err := h.impose()
	if err != nil {
		return fmt.Errorf("cannot impose: %w", err)
	}
	engines, err := h.engines()
	if lift != nil {
		lift()
	}
	if err != nil {
		return err
	}
	for _, m := range engines {
		if err := m.check(h); err != nil {
			return fmt.Errorf("%s: %w\n%v", m.name, err, m.Status())
		}
	}
	// The package functions, on the engine that only Listen knows of.
	if err := serves("uringnet", stack{"uringnet", uringnet.Listen, uringnet.Dial}); err != nil {
		return fmt.Errorf("package functions: %w", err)
	}
	if n := defaultLog.lines.Load(); n > 1 {
		return fmt.Errorf("default engine: %d lines on the log; want one at most", n)
	}
	return h.never()
}

// made is an engine made under a hardship, and what it logged.
type made struct {
	*uringnet.Engine
	name string
	mode uringnet.DriveMode
	log  *counter
}

// engines makes the engines to check.
func (h hardship) engines() ([]made, error) {
	list := []made{{uringnet.Default(), "default engine", uringnet.ModeShared, &counter{}}}
	for _, mode := range []uringnet.DriveMode{uringnet.ModeShared, uringnet.ModeDedicated, uringnet.ModeSQPoll} {
		log := &counter{}
		e, err := uringnet.NewEngine(uringnet.Config{Mode: mode, Rings: 1, Fallback: uringnet.FallbackAuto, Logger: slog.New(log)})
		if err != nil {
			return nil, fmt.Errorf("NewEngine(%v, FallbackAuto): %w", mode, err)
		}
		list = append(list, made{e, "engine " + mode.String(), mode, log})
	}
	return list, nil
}

// check checks what an engine says, then that it serves.
func (m made) check(h hardship) error {
	s := m.Status()
	fmt.Printf("%s: %v\n", m.name, s)
	switch {
	case m.log.lines.Load() > 1:
		return fmt.Errorf("%d lines on the log; want one at most", m.log.lines.Load())
	case !h.may && s.IOUring != h.ring && (s.IOUring || m.mode == uringnet.ModeShared):
		return fmt.Errorf("Status().IOUring = %v; want %v", s.IOUring, h.ring)
	case s.IOUring && s.Reason != "", !s.IOUring && s.Reason == "":
		return fmt.Errorf("Reason %q", s.Reason)
	case s.IOUring && (s.Ring.Features&h.lacks != 0 || !s.Ring.Missing.Has(h.lacks)):
		return fmt.Errorf("has %v and lacks %v; want it to lack %v", s.Ring.Features, s.Ring.Missing, h.lacks)
	case !s.IOUring:
		if err := h.named(s.Err); err != nil {
			return err
		}
		for _, word := range h.says {
			if !strings.Contains(s.Reason, word) {
				return fmt.Errorf("Reason %q does not name %q", s.Reason, word)
			}
		}
	}
	if err := serves(m.name, stackOf(m.Engine)); err != nil {
		return err
	}
	if m.name != "default engine" {
		return m.Close()
	}
	return nil
}

// never checks FallbackNever: an error that names the cause where there is
// one. (After a lift there is none.)
func (h hardship) never() error {
	e, err := uringnet.NewEngine(uringnet.Config{Fallback: uringnet.FallbackNever, Rings: 1})
	if err == nil {
		defer e.Close()
		if lifted := h.errno == syscall.EMFILE; !h.ring && !h.may && !lifted && h.env != "off" {
			return fmt.Errorf("NewEngine(FallbackNever) succeeded: %v", e.Status())
		}
		return serves("engine without fallback", stackOf(e))
	}
	if h.ring {
		return fmt.Errorf("NewEngine(FallbackNever): %w", err)
	}
	return h.named(err)
}

// named checks that an error names the cause.
func (h hardship) named(err error) error {
	if h.errno == 0 {
		return nil
	}
	if !errors.Is(err, h.errno) {
		return fmt.Errorf("error is %v; want %v in it", err, h.errno)
	}
	for _, word := range h.says {
		if !strings.Contains(err.Error(), word) {
			return fmt.Errorf("%q does not name %q", err, word)
		}
	}
	return nil
}

// counter is a slog.Handler that counts lines.
type counter struct{ lines atomic.Int64 }

func (c *counter) Enabled(context.Context, slog.Level) bool { return true }
func (c *counter) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c *counter) WithGroup(string) slog.Handler            { return c }
func (c *counter) Handle(_ context.Context, r slog.Record) error {
	c.lines.Add(1)
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	_, err := fmt.Println("log:", line)
	return err
}
