package poller

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Control runs f on the descriptor, which stays open meanwhile. (Whoever hands the
// descriptor to others calls Expose.)
func (fd *FD) Control(f func(sysfd uintptr)) error {
	if err := fd.visit(); err != nil {
		return err
	}
	defer fd.depart()
	f(uintptr(fd.sysfd))
	return nil
}

// RawRead calls f until it returns true, waiting in between until more has arrived,
// as syscall.RawConn's Read does. Receiving ahead ends for good; what was
// received before is not seen by f, but by the next Read.
func (fd *FD) RawRead(f func(sysfd uintptr) bool) error {
	fd.rd.lock.Lock()
	defer fd.rd.lock.Unlock()
	fd.asks.Store(true)
	if err := fd.lower(); err != nil {
		return err
	}
	return fd.rawRead(f)
}

// rawRead is RawRead with rd.lock held and nothing armed.
func (fd *FD) rawRead(f func(sysfd uintptr) bool) error {
	defer fd.rd.note() // what f has left has no edge
	for {
		if fd.life.closed() {
			return fd.closing
		}
		if fd.rd.expired.Load() {
			return os.ErrDeadlineExceeded
		}
		fd.rd.clear()
		if done, err := fd.callRaw(f); done || err != nil {
			return err
		}
		if err := fd.wait(&fd.rd); err != nil {
			return err
		}
	}
}

// RawWrite is RawRead for writability, serialised with Write.
func (fd *FD) RawWrite(f func(sysfd uintptr) bool) error {
	fd.wr.lock.Lock()
	defer fd.wr.lock.Unlock()
	for {
		if err := fd.writable(); err != nil {
			return err
		}
		fd.wr.clear()
		if done, err := fd.callRaw(f); done || err != nil {
			return err
		}
		if err := fd.wait(&fd.wr); err != nil {
			return err
		}
	}
}

// callRaw calls f.
func (fd *FD) callRaw(f func(sysfd uintptr) bool) (bool, error) {
	if err := fd.visit(); err != nil {
		return false, err
	}
	defer fd.depart()
	done := f(uintptr(fd.sysfd))
	fd.touch() // f has moved bytes, or is about to
	return done, nil
}

// Dup returns a duplicate of the descriptor, close-on-exec. Receiving and
// accepting ahead end for good, so that bytes and connections that arrive from
// now on reach whoever asks first.
func (fd *FD) Dup() (int, error) {
	fd.Expose()
	if fd.rd.lock.TryLock() { // else a Read waits: it goes on when ready
		err := fd.lower()
		fd.rd.lock.Unlock()
		if err != nil {
			return -1, err
		}
	}
	if err := fd.visit(); err != nil {
		return -1, err
	}
	defer fd.depart()
	return unix.FcntlInt(uintptr(fd.sysfd), unix.F_DUPFD_CLOEXEC, 0)
}

// SpliceRead is RawRead that refuses with ErrAhead as long as there are bytes
// received before: they have to be taken first, by Lend.
func (fd *FD) SpliceRead(f func(sysfd uintptr) bool) error {
	fd.rd.lock.Lock()
	defer fd.rd.lock.Unlock()
	if fd.life.closed() {
		return fd.closing
	}
	if fd.ev.Load() != nil {
		return errServed
	}
	if fd.rd.expired.Load() {
		return os.ErrDeadlineExceeded
	}
	if err := fd.lower(); err != nil {
		return err
	}
	if fd.endedAhead() {
		return io.EOF
	}
	if fd.ahead() {
		return ErrAhead
	}
	return fd.rawRead(f)
}

// endedAhead takes the end of the stream if that is all that was received ahead.
func (fd *FD) endedAhead() bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	a := fd.arm
	if a == nil || a.end != io.EOF || len(a.queue) > 0 {
		return false
	}
	a.end = nil
	return true
}
