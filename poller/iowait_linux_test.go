package poller_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/poller"
)

// The threads of idle rings are not counted as waiting for a disk where the kernel can
// tell (6.15), and Status says whether.
func TestIdleWithoutIOWait(t *testing.T) {
	const rings = 32
	p := newPoller(t, poller.Config{Rings: rings, Mode: poller.Dedicated, SQEntries: 8, BufferCount: 1})
	var major, minor int
	if _, err := fmt.Sscanf(p.Status().Kernel, "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	newer := major > 6 || major == 6 && minor >= 15
	if got := p.Status().NoIOWait; got != newer {
		t.Errorf("Status().NoIOWait = %v on kernel %d.%d", got, major, minor)
	}
	if got := strings.Contains(p.Status().String(), "without iowait"); got != newer {
		t.Errorf("in words: %s", p.Status())
	}
	// Everything else on the machine may be blocked, or not be, for a moment: what counts
	// is the least of many looks.
	least := 1 << 30
	for range 50 {
		eventually(t, "threads asleep in io_uring_enter", func() bool { return entered(t) >= rings })
		least = min(least, blocked(t))
	}
	if got := least < rings; got != newer {
		t.Errorf("%d tasks wait for a disk while %d rings are idle", least, rings)
	}
}

// entered counts the threads of this process that are in io_uring_enter(2).
func entered(t *testing.T) (n int) {
	t.Helper()
	calls, err := filepath.Glob("/proc/self/task/*/syscall")
	must(t, err)
	for _, name := range calls {
		b, _ := os.ReadFile(name) // the thread may have gone
		if call, _, _ := strings.Cut(string(b), " "); call == strconv.Itoa(unix.SYS_IO_URING_ENTER) {
			n++
		}
	}
	return n
}

// blocked is how many tasks the kernel counts as waiting for a disk.
func blocked(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/stat")
	must(t, err)
	_, rest, found := strings.Cut(string(b), "\nprocs_blocked ")
	if !found {
		t.Fatal("no procs_blocked in /proc/stat")
	}
	n, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]))
	must(t, err)
	return n
}
