package poller

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The steps of a chain by system calls, one by one.

// runPlain runs steps whose things are locked.
func runPlain(steps []*link) {
	for _, s := range steps {
		if s.Err = s.plain(); s.Err != nil && !s.Keep {
			return
		}
	}
}

// plain runs one step.
func (s *link) plain() error {
	switch s.Op {
	case StepSync, StepDatasync:
		return s.filePlain(0)
	case StepWrite, StepRead:
		for len(s.Rest()) > 0 {
			n := s.N
			if err := s.filePlain(s.Off + int64(s.N)); err != nil {
				return err
			}
			if s.N == n {
				return io.ErrUnexpectedEOF
			}
		}
		return nil
	}
	return s.fd.moveAll(s)
}

// filePlain makes the file's step once.
func (s *link) filePlain(off int64) (err error) {
	sysfd, n := s.file.d.sysfd, 0
	for err = syscall.EINTR; err == syscall.EINTR; {
		switch s.Op {
		case StepWrite:
			n, err = unix.Pwrite(sysfd, s.Rest(), off)
		case StepRead:
			n, err = unix.Pread(sysfd, s.Rest(), off)
		case StepSync:
			err = unix.Fsync(sysfd)
		case StepDatasync:
			err = unix.Fdatasync(sysfd)
		}
	}
	s.N += max(n, 0)
	return err
}

// moveAll sends or receives all of a step's bytes, waiting until the FD is ready. Its
// deadlines do not act, but the step's own.
func (fd *FD) moveAll(s *link) error {
	side, bits := &fd.wr, uint32(watchedOut)
	if s.Op == StepRecv {
		side, bits = &fd.rd, watchedIn
	}
	var over atomic.Bool
	if s.Limit > 0 {
		var timer *time.Timer
		fd.p.outside(func() {
			timer = time.AfterFunc(s.Limit, func() { over.Store(true); side.evict() })
		})
		defer timer.Stop()
	}
	ended := func() bool { return over.Load() || fd.life.closed() }
	for len(s.Rest()) > 0 {
		if fd.life.closed() {
			return fd.closing
		}
		side.clear()
		n, err := fd.moveSome(s)
		s.N += n
		switch {
		case n > 0:
		case errors.Is(err, syscall.EAGAIN):
			if over.Load() {
				return os.ErrDeadlineExceeded
			}
			if err := fd.watch(bits); err != nil {
				return err
			}
			fd.parkUntil(side, ended)
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return err
		default:
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}

// moveSome is one system call of moveAll.
func (fd *FD) moveSome(s *link) (n int, err error) {
	if !fd.use() {
		return 0, syscall.EINTR // the caller finds out why
	}
	defer fd.unuse()
	var errno syscall.Errno
	if s.Op == StepRecv {
		n, _, errno = fd.p.current().recv(fd.sysfd, s.Rest())
	} else {
		n, errno = fd.p.current().send(fd.sysfd, s.Rest())
	}
	if errno != 0 {
		return 0, errno
	}
	fd.touch()
	return n, nil
}
