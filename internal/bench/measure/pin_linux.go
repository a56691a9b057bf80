package measure

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// CPUSets are the CPUs of a layout.
type CPUSets struct {
	Server, Client unix.CPUSet
	// MaxProcs is the server's GOMAXPROCS.
	MaxProcs int
}

// Allowed returns the CPUs that this process may run on. It is to be asked
// before PinSelf.
func Allowed() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	var cpus []int
	for cpu := 0; len(cpus) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// Sets divides the allowed CPUs for a layout. Interrupts tend to go to the
// first CPU, so the client has that one.
func (l Layout) Sets(allowed []int) (CPUSets, error) {
	if len(allowed) < 2 {
		return CPUSets{}, fmt.Errorf("layout %q needs two CPUs, and %d may be used", l, len(allowed))
	}
	var c CPUSets
	switch l {
	case LayoutOne:
		c.Client.Set(allowed[0])
		c.Server.Set(allowed[1])
		c.MaxProcs = 1
	case LayoutTwo:
		for _, cpu := range allowed[:2] {
			c.Client.Set(cpu)
			c.Server.Set(cpu)
		}
		c.MaxProcs = 2
	default:
		return CPUSets{}, fmt.Errorf("unknown layout %q (one of one, two)", l)
	}
	return c, nil
}

// PinSelf puts every thread of this process on set. Threads made later
// inherit it.
func PinSelf(set unix.CPUSet) error {
	tids, err := threads(os.Getpid())
	if err != nil {
		return err
	}
	for _, tid := range tids {
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
			return os.NewSyscallError("sched_setaffinity", err)
		}
	}
	return nil
}
