package poller

import (
	"sync"

	"golang.org/x/sys/unix"
)

// descriptor is a file descriptor that its last user closes.
type descriptor struct {
	mu     sync.Mutex
	sysfd  int  // guarded by mu; -1 when closed
	users  int  // guarded by mu
	closed bool // guarded by mu
}

func (d *descriptor) init(sysfd int) { d.sysfd = sysfd }

// use lets the caller use the descriptor until unuse.
func (d *descriptor) use() (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return -1, ErrClosed
	}
	d.users++
	return d.sysfd, nil
}

func (d *descriptor) unuse() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.users--
	if d.closed && d.users == 0 {
		d.release()
	}
}

// close closes the descriptor, now or with the last unuse: its error is then
// not known.
func (d *descriptor) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	d.closed = true
	if d.users > 0 {
		return nil
	}
	return d.release()
}

func (d *descriptor) release() error {
	sysfd := d.sysfd
	d.sysfd = -1
	return unix.Close(sysfd)
}
