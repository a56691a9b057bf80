package main

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/brickingsoft/rio"
	"github.com/brickingsoft/rio/pkg/iouring/aio"
	"golang.org/x/sys/unix"
)

// What rio waits for. By default its two threads poll, every 500 ns and for four
// completions or more, and with two CPUs one connection is answered after 7 ms,
// with one CPU some connections are not answered for seconds. With these it was
// 0.5 and 0.2 ms.
var rioWait = aio.Curve{{N: 1, Timeout: time.Millisecond}}

const rioIdle = 5 * time.Microsecond

// listenRio listens with rio, which has one ring for the process.
func listenRio(*server) (net.Listener, string, error) {
	var mine unix.CPUSet
	if err := unix.SchedGetaffinity(0, &mine); err != nil {
		return nil, "", os.NewSyscallError("sched_getaffinity", err)
	}
	rio.PrepareIOURingSetupOptions(aio.WithWaitCQTimeCurve(rioWait), aio.WithPrepareSQIdleTime(rioIdle))
	lc := rio.ListenConfig{Control: acceptAtOnce}
	// As rio.Listen has them, but for SO_REUSEPORT: rio attaches a filter for
	// it, which fails with EINVAL where the kernel is to choose the port.
	lc.SetFastOpen(true)
	lc.SetQuickAck(true)
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	if err := keepAffinity(mine); err != nil {
		return nil, "", err
	}
	return ln, ln.Addr().String(), nil
}

// acceptAtOnce turns TCP_DEFER_ACCEPT off, which rio sets and no other peer
// does: a client that waits to be spoken to would wait for a second.
func acceptAtOnce(_, _ string, c syscall.RawConn) (err error) {
	if cerr := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 0)
	}); cerr != nil {
		return cerr
	}
	return os.NewSyscallError("setsockopt", err)
}

// rioThreads are the threads that rio gives a CPU each.
const rioThreads = 2

// keepAffinity undoes what rio does to its threads where it is wrong: it counts
// the CPUs that the process may use, and then takes the first ones that the
// machine has. On a server kept to the second CPU that is the client's.
func keepAffinity(mine unix.CPUSet) error {
	right := true
	for cpu := range runtime.NumCPU() {
		right = right && mine.IsSet(cpu)
	}
	if right {
		return nil
	}
	restored := make(map[int]bool)
	for begin := time.Now(); len(restored) < rioThreads; runtime.Gosched() {
		if time.Since(begin) > 5*time.Second {
			return errors.New("rio has not pinned its threads")
		}
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range tasks {
			tid, err := strconv.Atoi(t.Name())
			if err != nil {
				return err
			}
			var its unix.CPUSet
			if unix.SchedGetaffinity(tid, &its) != nil || its == mine {
				continue
			}
			if err := unix.SchedSetaffinity(tid, &mine); err == nil {
				restored[tid] = true
			}
		}
	}
	return nil
}
