package measure

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what a process has used since it began.
type usage struct {
	cpu      time.Duration // of all threads, ended ones and io_uring's included
	switches uint64        // times one of its living threads was put on a CPU
}

// usageOf reads a process's usage. The CPU time is that of the process's
// scheduler clock: the sum over its threads of what /proc/PID/task/*/schedstat
// has in its first field, threads that ended included.
func usageOf(pid int) (usage, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(cpuClock(pid), &ts); err != nil {
		return usage{}, os.NewSyscallError("clock_gettime", err)
	}
	u := usage{cpu: time.Duration(ts.Nano())}
	_, runs, err := schedstat(pid)
	u.switches = runs
	return u, err
}

// cpuClock is the clock id of a process's CPU time, as clock_getcpuclockid(3)
// makes it: CPUCLOCK_SCHED of the process.
func cpuClock(pid int) int32 {
	const cpuclockSched = 2
	return int32(^uint32(pid)<<3 | cpuclockSched)
}

// schedstat sums the CPU time and the number of turns on a CPU of a process's
// living threads.
func schedstat(pid int) (cpu time.Duration, runs uint64, err error) {
	tids, err := threads(pid)
	if err != nil {
		return 0, 0, err
	}
	for _, tid := range tids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/schedstat", pid, tid))
		if err != nil {
			continue // it ended meanwhile
		}
		var ran, waited, n uint64
		if _, err := fmt.Sscan(string(b), &ran, &waited, &n); err != nil {
			return 0, 0, fmt.Errorf("schedstat of thread %d: %w", tid, err)
		}
		cpu += time.Duration(ran)
		runs += n
	}
	return cpu, runs, nil
}

// threads lists the ids of a process's threads.
func threads(pid int) ([]int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil, err
	}
	tids := make([]int, 0, len(entries))
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids, nil
}

// ticks reads the user and kernel ticks of a process.
func ticks(pid int) (user, kernel uint64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The name, in parentheses, may hold anything; utime and stime are the
	// 12th and 13th fields after it.
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, 0, fmt.Errorf("stat of process %d: %q", pid, b)
	}
	if user, err = strconv.ParseUint(fields[11], 10, 64); err != nil {
		return 0, 0, err
	}
	kernel, err = strconv.ParseUint(fields[12], 10, 64)
	return user, kernel, err
}
