package measure

import (
	"os"
	"testing"
	"time"
)

// TestClocksAgree compares the process's CPU clock with the sum over its
// threads, and with its ticks.
func TestClocksAgree(t *testing.T) {
	pid := os.Getpid()
	for begin := time.Now(); time.Since(begin) < 10*time.Second; {
		if u, err := usageOf(pid); err != nil || u.cpu > 100*time.Millisecond {
			break
		}
	}
	sum, runs, err := schedstat(pid)
	if err != nil {
		t.Fatal(err)
	}
	u, err := usageOf(pid)
	if err != nil {
		t.Fatal(err)
	}
	if u.cpu < 100*time.Millisecond || u.switches < runs || runs == 0 {
		t.Errorf("CPU clock %v, %d turns on a CPU and %d before", u.cpu, u.switches, runs)
	}
	if diff := (u.cpu - sum).Abs(); diff > 50*time.Millisecond {
		t.Errorf("CPU clock %v, threads %v", u.cpu, sum)
	}
	user, kernel, err := ticks(pid)
	if err != nil {
		t.Fatal(err)
	}
	if diff := (u.cpu - time.Duration(user+kernel)*tick).Abs(); diff > 100*time.Millisecond {
		t.Errorf("CPU clock %v, %d ticks", u.cpu, user+kernel)
	}
}

func TestStraceTotal(t *testing.T) {
	const summary = "syscall                  calls\n---------------- ---------\nread                    12\n---------------- ---------\ntotal                   12\n"
	if n, err := straceTotal(summary); n != 12 || err != nil {
		t.Errorf("total %d, error %v", n, err)
	}
	if n, err := straceTotal("strace: Process 1 detached\n"); n != 0 || err != nil {
		t.Errorf("no calls: total %d, error %v", n, err)
	}
}

func TestLayouts(t *testing.T) {
	one, err := LayoutOne.Sets([]int{2, 5})
	if err != nil || !one.Server.IsSet(5) || !one.Client.IsSet(2) || one.Server.Count() != 1 || one.MaxProcs != 1 {
		t.Errorf("layout one: %+v, %v", one, err)
	}
	two, err := LayoutTwo.Sets([]int{2, 5, 6})
	if err != nil || two.Server.Count() != 2 || two.Server != two.Client || two.MaxProcs != 2 {
		t.Errorf("layout two: %+v, %v", two, err)
	}
	if _, err := LayoutOne.Sets([]int{0}); err == nil {
		t.Error("layout one on one CPU: no error")
	}
}
