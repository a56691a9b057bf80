package uringnet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// nobody is a user without rights.
const nobody = 65534

const dirEnv = "URINGNET_TEST_DIR"

// runKind runs a child's part on an engine kind, in a directory of its own that
// it may write to as nobody.
func runKind(t *testing.T, part, kind string, env ...string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "uring") // t.TempDir's parents are not for others
	must(t, err)
	defer os.RemoveAll(dir)
	must(t, os.Chmod(dir, 0o777))
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), childEnv+"="+part, kindEnv+"="+kind, dirEnv+"="+dir, "GORACE=atexit_sleep_ms=0")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, tail(out))
	} else if len(out) > 0 {
		t.Logf("%s", out)
	}
}

// tail is the beginning and the end of a long output.
func tail(out []byte) []byte {
	const most = 4 << 10
	if len(out) <= 2*most {
		return out
	}
	return slices.Concat(out[:most], []byte("\n...\n"), out[len(out)-most:])
}

// forChildKinds runs a child's part as a subtest for each of the kinds.
func forChildKinds(t *testing.T, part string, kinds []string, env ...string) {
	t.Helper()
	for _, kind := range kinds {
		if kind == "std" || !stdOnly {
			t.Run(kind, func(t *testing.T) { runKind(t, part, kind, env...) })
		}
	}
}

// childEngine makes the engine of the child's kind.
func childEngine() (*uringnet.Engine, error) {
	cfg, err := childKind()
	if err != nil {
		return nil, err
	}
	return uringnet.NewEngine(cfg)
}

func init() { children["threadlimit"] = threadLimitChild }

// Where the kernel cannot make a worker, because the user has too many threads,
// operations on files succeed all the same or say what was short: the file is
// open.
func TestDefectThreadLimit(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can become nobody")
		return
	}
	forChildKinds(t, "threadlimit", mainKinds)
}

func threadLimitChild() error {
	time.AfterFunc(patience, func() { panic("child hangs") })
	e, err := childEngine()
	if err != nil {
		return err
	}
	f, err := e.OpenFile(filepath.Join(os.Getenv(dirEnv), "f"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	spareThreads(20)
	if err := syscall.Setuid(nobody); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: 1, Max: 1}); err != nil {
		return err
	}
	for round := range 5 {
		for _, k := range fileWorks {
			err := k.work(e, f, 0, bytes.Repeat([]byte{byte('a' + round)}, filePart))
			if err := honest(err); err != nil {
				return fmt.Errorf("round %d, %s: %w", round, k.name, err)
			}
		}
	}
	return errors.Join(f.Close(), e.Close())
}

// honest complains of an error that is not what the kernel is short of.
func honest(err error) error {
	if err == nil || errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ENOMEM) {
		return nil
	}
	return fmt.Errorf("%w; want success, EAGAIN or ENOMEM", err)
}

// spareThreads makes threads for the runtime to keep: it dies if it cannot make
// one that it needs.
func spareThreads(n int) {
	var here, done sync.WaitGroup
	all := make(chan struct{})
	here.Add(n)
	for range n {
		done.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			here.Done()
			<-all
		})
	}
	here.Wait()
	close(all)
	done.Wait()
}
