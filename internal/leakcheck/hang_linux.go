package leakcheck

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Kernel says what the kernel knows of the process's rings and threads, for the
// report of a test that hangs: each ring's queues, and each thread's state (the
// workers of io-wq among them).
func Kernel() string {
	var b strings.Builder
	fds, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err != nil || to != "anon_inode:[io_uring]" {
			continue
		}
		info, err := os.ReadFile("/proc/self/fdinfo/" + filepath.Base(fd))
		fmt.Fprintf(&b, "ring %s (%v):\n%s\n", fd, err, info)
	}
	threads, _ := filepath.Glob("/proc/self/task/*")
	for _, t := range threads {
		stat, _ := os.ReadFile(t + "/stat")
		wchan, _ := os.ReadFile(t + "/wchan")
		stack, _ := os.ReadFile(t + "/stack")
		fmt.Fprintf(&b, "thread %s in %s\n%s", strings.TrimSpace(string(stat)), wchan, stack)
	}
	return b.String()
}
