// Package leakcheck finds descriptors and goroutines that a test run, or a
// part of it, left behind.
//
//	before := leakcheck.Take()
//	...
//	err := before.Check(10 * time.Second)
package leakcheck

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sort"
	"strings"
	"time"
)

// Main runs the tests of a package, m.Run, and returns the exit code: one if they leave
// something behind that does not go within patience.
func Main(run func() int, patience time.Duration) (code int) {
	// The runtime's own poller lives as long as the process: start it first.
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close()
	}
	before := Take()
	code = run()
	if err := before.Check(patience); err != nil {
		fmt.Fprintf(os.Stderr, "FAIL: the tests left behind:\n%v\n", err)
		code = max(code, 1)
	}
	return code
}

// Snapshot is what was open and running at one moment.
type Snapshot struct {
	fds        map[int]string
	goroutines map[string]string
}

// Take notes what is open and running now.
func Take() *Snapshot {
	return &Snapshot{fds: openFDs(), goroutines: goroutines()}
}

// Check waits up to patience for everything that was not there at s to go, and
// reports what stays. Goroutines whose stack contains one of the ignored
// strings do not count, nor do those of the runtime and of package testing.
func (s *Snapshot) Check(patience time.Duration, ignored ...string) error {
	return errors.Join(
		settle(patience, func() error { return s.checkGoroutines(ignored) }),
		settle(patience, s.checkFDs),
	)
}

// CheckGoroutines is Check for goroutines alone.
func (s *Snapshot) CheckGoroutines(patience time.Duration, ignored ...string) error {
	return settle(patience, func() error { return s.checkGoroutines(ignored) })
}

// CheckFDs is Check for descriptors alone.
func (s *Snapshot) CheckFDs(patience time.Duration) error {
	return settle(patience, s.checkFDs)
}

// settle asks check until it is content or patience has run out.
func settle(patience time.Duration, check func() error) error {
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := check()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		runtime.GC() // what became unreachable is closed by cleanups
		time.Sleep(pause)
	}
}

func (s *Snapshot) checkFDs() error {
	var leaked []string
	for fd, link := range openFDs() {
		if was, ok := s.fds[fd]; !ok || was != link {
			leaked = append(leaked, fmt.Sprintf("\tfd %d -> %s", fd, link))
		}
	}
	if len(leaked) == 0 {
		return nil
	}
	sort.Strings(leaked)
	return fmt.Errorf("%d leaked descriptor(s):\n%s", len(leaked), strings.Join(leaked, "\n"))
}

func (s *Snapshot) checkGoroutines(ignored []string) error {
	var leaked []string
	for id, stack := range goroutines() {
		if _, ok := s.goroutines[id]; ok || expected(stack, ignored) {
			continue
		}
		leaked = append(leaked, stack)
	}
	if len(leaked) == 0 {
		return nil
	}
	sort.Strings(leaked)
	return fmt.Errorf("%d leaked goroutine(s):\n%s", len(leaked), strings.Join(leaked, "\n\n"))
}

// systemFrames are how stacks that nobody has to end begin: the first
// function, or the one that created the goroutine.
var systemFrames = []string{
	"created by runtime.",
	"created by testing.",
	"created by os/signal.",
	"\ntesting.(*M).",
	"\ntesting.RunTests",
	"\nruntime.ensureSigM",
	"runtime/pprof.profileWriter",
	"runtime.ReadTrace",
}

func expected(stack string, ignored []string) bool {
	for _, f := range systemFrames {
		if strings.Contains(stack, f) {
			return true
		}
	}
	for _, f := range ignored {
		if strings.Contains(stack, f) {
			return true
		}
	}
	return false
}

// goroutines returns the stacks of all goroutines but the calling one, by
// "goroutine N".
func goroutines() map[string]string {
	buf := make([]byte, 256<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	all := map[string]string{}
	for i, stack := range strings.Split(string(buf), "\n\n") {
		id, _, ok := strings.Cut(stack, " [")
		if i == 0 || !ok {
			continue // the first is the caller
		}
		all[id] = strings.TrimSpace(stack)
	}
	return all
}
