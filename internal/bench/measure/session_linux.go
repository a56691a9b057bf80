package measure

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Session is what a run of a measuring program has for all of its cells.
type Session struct {
	Self    string  // the program's own file, which is also the servers'
	Allowed []int   // CPUs that may be used
	Counter Counter // of system calls; the zero value counts nothing
	Host    Host
}

// NewSession finds it out for the program of that package path. countTime 0: no system calls
// are counted.
func NewSession(program string, countTime time.Duration) (s Session, err error) {
	if s.Self, err = os.Executable(); err != nil {
		return s, err
	}
	if s.Allowed, err = Allowed(); err != nil {
		return s, err
	}
	s.Host = ThisHost()
	s.Host.Command = "go run " + program
	for _, arg := range os.Args[1:] {
		if strings.Contains(arg, " ") {
			arg = strconv.Quote(arg)
		}
		s.Host.Command += " " + arg
	}
	s.Host.Syscalls = "not counted (-count=0)"
	if countTime > 0 {
		if s.Counter, err = NewCounter(); err != nil {
			s.Host.Syscalls = fmt.Sprintf("not counted: %v", err)
		} else {
			s.Host.Syscalls = "counted in slices of their own, by " + s.Counter.String()
		}
	}
	return s, nil
}
