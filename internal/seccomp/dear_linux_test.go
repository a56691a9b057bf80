package seccomp

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// childEnv makes the test's process one that gets the filter.
const childEnv = "URINGNET_TEST_DEAR"

// TestDear looks at a child: what a filter does cannot be undone.
func TestDear(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		if err := dearChild(); err != nil {
			t.Fatal(err)
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDear$", "-test.timeout=1m")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func dearChild() error {
	// Threads that are there before must get it too.
	const threads = 4
	var ready, done sync.WaitGroup
	end := make(chan struct{})
	ready.Add(threads)
	for range threads {
		done.Go(func() {
			runtime.LockOSThread()
			ready.Done()
			<-end
		})
	}
	ready.Wait()
	defer done.Wait()
	defer close(end)
	before := nullCall()
	if err := Dear(MaxSteps); err != nil {
		return err
	}
	// 4094 multiplications, one after the other, take more than this on any machine.
	const least = 500 * time.Nanosecond
	if after := nullCall(); after < before+least {
		return fmt.Errorf("a call costs %v, and %v before: does the kernel skip the filter?", after, before)
	}
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		return err
	}
	if len(files) < threads {
		return errors.New("the threads are missing")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err == nil && !bytes.Contains(b, []byte("\nSeccomp:\t2\n")) {
			return fmt.Errorf("%s: no filter", file)
		}
	}
	return nil
}

// nullCall is what a system call costs at best.
func nullCall() time.Duration {
	const batches, calls = 20, 200
	best := time.Hour
	for range batches {
		begin := time.Now()
		for range calls {
			_, _, _ = unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
		}
		best = min(best, time.Since(begin))
	}
	return best / calls
}

func TestDearRefusesNonsense(t *testing.T) {
	for _, steps := range []int{-1, 0, MaxSteps + 1} {
		if err := Dear(steps); err == nil {
			t.Errorf("%d steps: no error", steps)
		}
	}
	if n := len(dear(MaxSteps)); n > 4096 {
		t.Errorf("the longest filter has %d instructions: the kernel takes 4096", n)
	}
}
