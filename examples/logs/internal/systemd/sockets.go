package systemd

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// firstFD is the descriptor of the first socket that is passed on.
const firstFD = 3

// maxSockets is how many are passed on at most.
const maxSockets = 1024

// A Socket is one that systemd has opened.
type Socket struct {
	Name string // FileDescriptorName of its unit
	File *os.File
}

// Passed reports whether systemd has opened sockets for the process.
func Passed() bool { return os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) }

// Sockets returns the sockets that systemd has opened for the process, which are the
// caller's then. It takes the variables about them out of the environment, so that the
// process's children do not believe in them.
func Sockets() ([]Socket, error) {
	passed := Passed()
	number, names := os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_FDNAMES")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		if err := os.Unsetenv(name); err != nil {
			return nil, err
		}
	}
	if !passed {
		return nil, nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > maxSockets {
		return nil, fmt.Errorf("LISTEN_FDS %q: want a number from 0 to %d", number, maxSockets)
	}
	list := strings.Split(names, ":")
	if names == "" {
		list = make([]string, n)
	}
	if len(list) != n {
		return nil, fmt.Errorf("LISTEN_FDNAMES %q: want %d names", names, n)
	}
	sockets := make([]Socket, n)
	for i := range sockets {
		fd := firstFD + i
		closeOnExec(fd)
		sockets[i] = Socket{list[i], os.NewFile(uintptr(fd), list[i])}
	}
	return sockets, nil
}
