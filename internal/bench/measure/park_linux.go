package measure

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// restless is the share of a CPU that makes a server one to be parked.
	restless = 0.1
	// lookTime is for how long a server that has nothing to do is looked at.
	lookTime = 25 * time.Millisecond
)

// maybePark parks a server that does not come to rest when it has nothing to
// do. What its connections began may take it a while: a source fills the
// buffers of all sockets.
func (t *target) maybePark() error {
	const looks = 8
	pid := t.proc.hello.PID
	before, err := usageOf(pid)
	if err != nil {
		return err
	}
	for range looks {
		begin := time.Now()
		time.Sleep(lookTime)
		after, err := usageOf(pid)
		if err != nil {
			return err
		}
		if (after.cpu - before.cpu).Seconds() <= restless*time.Since(begin).Seconds() {
			return nil
		}
		before = after
	}
	t.out.Parked = true
	return t.park()
}

// park stops a server's process, if it is one to be parked.
func (t *target) park() error { return t.signal(unix.SIGSTOP) }

// unpark lets it go on.
func (t *target) unpark() error { return t.signal(unix.SIGCONT) }

func (t *target) signal(sig unix.Signal) error {
	if !t.out.Parked {
		return nil
	}
	return os.NewSyscallError("kill", unix.Kill(t.proc.hello.PID, sig))
}

// active does something with a server while it is not parked, and has the work
// that it is to have.
func (t *target) active(do func() error) error {
	if err := t.unpark(); err != nil {
		return err
	}
	if err := t.labour("busy"); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	if err := t.labour("rest"); err != nil {
		return err
	}
	return t.park()
}
