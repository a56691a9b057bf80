package seccomp

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// MaxSteps is how long a filter of Dear may be: the kernel takes 4096
// instructions, and two are not steps.
const MaxSteps = 4094

// offArgs is where the arguments begin in struct seccomp_data.
const offArgs = 16

// Dear makes every system call of the process dearer by a filter that computes
// for so many steps, and then lets the call pass. It stays, for what the process
// becomes by exec(2) too.
//
// Kernels from 5.11 on run a filter once for each number, and never again if the
// answer is to let it pass whatever the arguments are; this one looks at one.
func Dear(steps int) error {
	if steps < 1 || steps > MaxSteps {
		return fmt.Errorf("seccomp: %d steps: want 1 to %d", steps, MaxSteps)
	}
	return install(dear(steps))
}

// dear is the program. Each step needs the one before it, so that no processor
// does two at once.
func dear(steps int) []unix.SockFilter {
	const factor = 0x9E3779B1
	prog := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offArgs}}
	for range steps {
		prog = append(prog, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K, K: factor})
	}
	return append(prog, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
}
