package poller

import (
	"os"
	"time"

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
	return fd.rawRead(f)
}

// rawRead is RawRead with both locks held and nothing received ahead.
func (fd *FD) rawRead(f func(sysfd uintptr) bool) error {
	for refused := 0; ; refused++ {
		if fd.closing == nil && fd.rd.expired {
			return os.ErrDeadlineExceeded
		}
		done, err := fd.callRaw(f)
		if done || err != nil {
			return err
		}
		fd.pause(&fd.rd, refused)
		for fd.rx.ready = false; !fd.rx.ready; {
			if fd.closing != nil {
				return fd.closing
			}
			if fd.rd.expired {
				return os.ErrDeadlineExceeded
			}
			var r *ring
			if fd.rx.ring == nil {
				r = fd.arm(fd.p.current(), 0, false)
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
	for refused := 0; ; refused++ {
		done, err := fd.callRaw(f)
		if done || err != nil {
			return err
		}
		fd.pause(&fd.wr, refused)
		if err := fd.waitWritable(); err != nil {
			return err
		}
	}
}

// pause keeps a function that refuses what is there (it waits for more bytes
// than have arrived) from being called over and over: polls of the ring tell
// what is, not what is new. The first refusals are free; then the pause grows
// to maxPause. A deadline or Close ends it.
func (fd *FD) pause(s *side, refused int) {
	if refused < 2 || fd.closing != nil || s.expired {
		return
	}
	d := min(minPause<<min(refused-2, 20), maxPause)
	t := time.AfterFunc(d, func() {
		fd.mu.Lock()
		s.wake()
		fd.mu.Unlock()
	})
	fd.park(s, nil)
	t.Stop()
}

const (
	minPause = 100 * time.Microsecond
	maxPause = 10 * time.Millisecond
)

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
	fd.touch() // f has moved bytes, or is about to
	return done, nil
}

// Dup returns a duplicate of the descriptor, close-on-exec. Receiving and
// accepting ahead end for good, so that bytes and connections that arrive from
// now on reach whoever asks first.
func (fd *FD) Dup() (int, error) {
	if err := fd.endAhead(); err != nil {
		return -1, err
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
	fd.rx.never, fd.rx.poll, fd.ahead = true, true, false
	var kick *ring
	if fd.rx.op != OpPollIn {
		kick = fd.cancelRx()
	}
	fd.mu.Unlock()
	if kick != nil {
		kick.drv.kick(alone)
	}
	return nil
}
