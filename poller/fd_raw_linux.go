package poller

import (
	"os"

	"golang.org/x/sys/unix"
)

// Control runs f on the descriptor, which stays open meanwhile.
func (fd *FD) Control(f func(sysfd uintptr)) error {
	fd.mu.Lock()
	if err := fd.ref(); err != nil {
		fd.mu.Unlock()
		return err
	}
	fd.mu.Unlock()
	defer fd.unref()
	f(uintptr(fd.sysfd))
	return nil
}

// RawRead calls f until it returns true, waiting for readability in between,
// as syscall.RawConn's Read does. Receiving ahead ends for good; what was
// received before is not seen by f, but by the next Read.
func (fd *FD) RawRead(f func(sysfd uintptr) bool) error {
	fd.rl.Lock()
	defer fd.rl.Unlock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.closing == nil {
		if err := fd.quiesce(); err != nil {
			return err
		}
	}
	for {
		if fd.closing == nil && fd.rd.expired {
			return os.ErrDeadlineExceeded
		}
		done, err := fd.callRaw(f)
		if done || err != nil {
			return err
		}
		for fd.rx.ready = false; !fd.rx.ready; {
			if fd.closing != nil {
				return fd.closing
			}
			if fd.rd.expired {
				return os.ErrDeadlineExceeded
			}
			var r *ring
			if fd.rx.ring == nil {
				r = fd.arm(false)
			}
			fd.park(&fd.rd, r)
		}
	}
}

// RawWrite is RawRead for writability, serialised with Write.
func (fd *FD) RawWrite(f func(sysfd uintptr) bool) error {
	fd.wl.Lock()
	defer fd.wl.Unlock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if err := fd.writable(); err != nil {
		return err
	}
	fd.tx.again = true
	for {
		done, err := fd.callRaw(f)
		if done || err != nil {
			return err
		}
		if err := fd.waitWritable(); err != nil {
			return err
		}
	}
}

// callRaw calls f without mu. mu is held on entry and return.
func (fd *FD) callRaw(f func(sysfd uintptr) bool) (bool, error) {
	if err := fd.ref(); err != nil {
		return false, err
	}
	fd.mu.Unlock()
	locked := false
	defer func() {
		if !locked { // f panicked
			fd.unref()
			fd.mu.Lock()
		}
	}()
	done := f(uintptr(fd.sysfd))
	fd.unref()
	fd.mu.Lock()
	locked = true
	return done, nil
}

// Dup returns a duplicate of the descriptor, close-on-exec. Receiving ahead
// ends for good, so that bytes that arrive from now on reach whoever reads
// first.
func (fd *FD) Dup() (int, error) {
	if !fd.listener {
		if err := fd.endAhead(); err != nil {
			return -1, err
		}
	}
	dup, err := -1, error(nil)
	cerr := fd.Control(func(s uintptr) { dup, err = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 0) })
	if cerr != nil {
		return -1, cerr
	}
	return dup, err
}

// endAhead ends receiving ahead also while a Read waits, which it must not
// disturb: that Read goes on, by a wait for readability.
func (fd *FD) endAhead() error {
	if fd.rl.TryLock() {
		defer fd.rl.Unlock()
		fd.mu.Lock()
		defer fd.mu.Unlock()
		if fd.closing != nil {
			return fd.closing
		}
		return fd.quiesce()
	}
	fd.mu.Lock()
	fd.rx.poll, fd.ahead = true, false
	var kick *ring
	if fd.rx.op == OpRecv {
		kick = fd.cancelRx()
	}
	fd.mu.Unlock()
	if kick != nil {
		kick.drv.kick(true)
	}
	return nil
}
