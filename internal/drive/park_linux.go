package drive

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/rt"
)

// Parked is a goroutine that waits in the runtime's netpoller for a descriptor to
// become readable.
type Parked struct {
	file *os.File
	done sync.WaitGroup
}

// Park starts a goroutine that calls f each time that sysfd has become readable,
// and once before, until Stop. It waits for edges: f has to take all there is.
func Park(sysfd int, name string, f func()) (*Parked, error) {
	// The file owns a duplicate, so that closing it leaves sysfd open.
	fd, err := unix.FcntlInt(uintptr(sysfd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &Parked{file: os.NewFile(uintptr(fd), name)}
	// A file that cannot be polled would block a thread in the first wait; a
	// deadline tells.
	if err := p.file.SetReadDeadline(time.Time{}); err != nil {
		p.file.Close()
		return nil, err
	}
	rc, err := p.file.SyscallConn()
	if err != nil {
		p.file.Close()
		return nil, err
	}
	p.done.Add(1)
	rt.Go(func() {
		defer p.done.Done()
		// RawConn.Read parks in the netpoller each time its function returns
		// false, and ends when the file is closed.
		_ = rc.Read(func(uintptr) bool {
			f()
			return false
		})
	})
	return p, nil
}

// Stop ends the goroutine and returns when it has ended.
func (p *Parked) Stop() {
	p.file.Close()
	p.done.Wait()
}
