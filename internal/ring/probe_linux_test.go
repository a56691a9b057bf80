package ring

import (
	"testing"

	"golang.org/x/sys/unix"
)

// A probe that runs out of descriptors fails, or finds everything: it does not
// take the shortage for a kernel that can do less.
func TestProbeShortOfDescriptors(t *testing.T) {
	full, err := probeKernel()
	if err != nil {
		t.Fatal(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	next, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(next)
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
			t.Error(err)
		}
	}()
	for free := range 12 {
		low := unix.Rlimit{Cur: uint64(next + free), Max: old.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
			t.Fatal(err)
		}
		if found, err := probeKernel(); err == nil && found != full {
			t.Errorf("with %d descriptors left the probe misses %v, without an error", free, full&^found)
		}
	}
}
