package measure

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Counter counts the system calls of a process while it runs. Counting costs
// time, so it is done in slices of its own.
type Counter interface {
	// Start begins to count. The function that it returns ends the count and
	// returns it.
	Start(pid int) (stop func() (uint64, error), err error)
	// String says how the counter counts.
	String() string
}

// NewCounter returns the best counter that works here. The error says why
// none does.
func NewCounter() (Counter, error) {
	id, perfErr := tracepointID()
	if perfErr == nil {
		c := &perfCounter{id: id}
		if perfErr = try(c); perfErr == nil {
			return c, nil
		}
	}
	c := &straceCounter{}
	if _, err := exec.LookPath("strace"); err != nil {
		return nil, fmt.Errorf("perf: %w; strace: %w", perfErr, err)
	}
	if err := try(c); err != nil {
		return nil, fmt.Errorf("perf: %w; strace: %w", perfErr, err)
	}
	return c, nil
}

// try counts the system calls of a process that sleeps.
func try(c Counter) error {
	cmd := exec.Command("sleep", "5")
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	stop, err := c.Start(cmd.Process.Pid)
	if err != nil {
		return err
	}
	_, err = stop()
	return err
}

// tracepointID returns the number of the tracepoint raw_syscalls:sys_enter.
func tracepointID() (uint64, error) {
	b, err := readTracepointID()
	if err != nil {
		// The perf tool mounts tracefs where nobody did yet.
		_ = exec.Command("perf", "stat", "-e", "raw_syscalls:sys_enter", "true").Run()
		if b, err = readTracepointID(); err != nil {
			return 0, err
		}
	}
	return strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
}

func readTracepointID() ([]byte, error) {
	const event = "/events/raw_syscalls/sys_enter/id"
	b, err := os.ReadFile("/sys/kernel/tracing" + event)
	if err != nil {
		if b, err2 := os.ReadFile("/sys/kernel/debug/tracing" + event); err2 == nil {
			return b, nil
		}
	}
	return b, err
}

// perfCounter counts with a perf event on each thread.
type perfCounter struct{ id uint64 }

func (c *perfCounter) String() string { return "perf_event_open, raw_syscalls:sys_enter" }

func (c *perfCounter) Start(pid int) (func() (uint64, error), error) {
	tids, err := threads(pid)
	if err != nil {
		return nil, err
	}
	var fds []int
	for _, tid := range tids {
		attr := unix.PerfEventAttr{
			Type: unix.PERF_TYPE_TRACEPOINT, Size: unix.PERF_ATTR_SIZE_VER5, Config: c.id,
			Bits: unix.PerfBitInherit, // threads that the thread makes are counted with it
		}
		fd, err := unix.PerfEventOpen(&attr, tid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err == unix.ESRCH {
			continue // it ended meanwhile
		}
		if err != nil {
			closeAll(fds)
			return nil, os.NewSyscallError("perf_event_open", err)
		}
		fds = append(fds, fd)
	}
	return func() (uint64, error) {
		defer closeAll(fds)
		return sumCounts(fds)
	}, nil
}

func sumCounts(fds []int) (sum uint64, err error) {
	var b [8]byte
	for _, fd := range fds {
		if _, err := unix.Read(fd, b[:]); err != nil {
			return 0, os.NewSyscallError("read perf event", err)
		}
		sum += binary.NativeEndian.Uint64(b[:])
	}
	return sum, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

// straceCounter counts with strace -c, which slows the process many times.
type straceCounter struct{}

func (c *straceCounter) String() string { return "strace -c -f" }

// attached is what strace writes, on standard error, once it traces.
const attached = "attached"

func (c *straceCounter) Start(pid int) (func() (uint64, error), error) {
	cmd := exec.Command("strace", "-c", "-f", "-U", "name,calls", "-p", strconv.Itoa(pid))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	limit := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	out := bufio.NewReader(stderr)
	line, err := out.ReadString('\n')
	if err != nil || !strings.Contains(line, attached) {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("strace: %s", strings.TrimSpace(line))
	}
	return func() (uint64, error) {
		defer limit.Stop()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return 0, err
		}
		var rest bytes.Buffer
		_, rerr := rest.ReadFrom(out)
		_ = cmd.Wait() // it ends by the signal that it was sent
		if rerr != nil {
			return 0, rerr
		}
		return straceTotal(rest.String())
	}, nil
}

// straceTotal finds the number of calls in strace's summary. There is none if
// there were no calls.
func straceTotal(summary string) (uint64, error) {
	for line := range strings.Lines(summary) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "total" {
			return strconv.ParseUint(f[1], 10, 64)
		}
	}
	if strings.Contains(summary, "----") {
		return 0, errors.New("strace: no total in its summary")
	}
	return 0, nil
}
