package measure

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/bench/dear"
)

// ThisHost describes the machine. (Session adds the command line.)
func ThisHost() Host {
	h := Host{
		Time: time.Now().UTC().Truncate(time.Second), CPUModel: cpuModel(), CPUs: runtime.NumCPU(),
		Go: runtime.Version(), Commit: commit(),
		NullCall: dear.Measure().Getppid,
	}
	congestion, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	h.Congestion = string(bytes.TrimSpace(congestion))
	var u unix.Utsname
	if err := unix.Uname(&u); err == nil {
		h.Kernel = unix.ByteSliceToString(u.Release[:]) + " " + unix.ByteSliceToString(u.Machine[:])
	}
	return h
}

func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range bytes.Lines(b) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if string(bytes.TrimSpace(name)) == "model name" {
			return string(bytes.TrimSpace(value))
		}
	}
	return runtime.GOARCH
}

// commit asks git for the state of the working directory.
func commit() string {
	out, err := exec.Command("git", "--no-optional-locks", "describe", "--always", "--dirty").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
