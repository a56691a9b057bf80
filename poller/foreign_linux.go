package poller

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/rt"
)

// Foreign is the readiness of a stream socket whose descriptor belongs to somebody
// else: internal/poll.FD, in programs that adopt has built (poller/stdhook). The owner
// has its own locks: at most one goroutine is in Read or waits with WaitRead at a time,
// one in Write or WaitWrite, and Close comes after the last of them has returned.
// Prepare, Evict, SetDeadline and Expose may be called from any goroutine.
//
// What it spares its owner is the question that finds nothing: a Read that follows one
// which took all there was says EAGAIN without asking the kernel, until an edge is
// reported.
type Foreign struct {
	fd     FD
	unsure bool   // bytes may be there that no edge will tell of; the reader's
	want   []byte // what Read was asked to fill when it said EAGAIN; the reader's
}

// Codes of Prepare, WaitRead and WaitWrite: those of the runtime's netpoller
// (internal/poll/fd_poll_runtime.go). An errno is reported as its negative.
const (
	ForeignReady   = 0
	ForeignClosing = 1
	ForeignTimeout = 2
)

// Modes of Foreign's methods.
const (
	ForeignRead  = 'r'
	ForeignWrite = 'w'
)

// OpenForeign begins to serve a stream socket, which must not block and stays the
// caller's. It is an error only where Open's would be, and the socket is as before then.
func (p *Poller) OpenForeign(sysfd int) (*Foreign, error) {
	p.opening.RLock()
	defer p.opening.RUnlock()
	if p.closing {
		return nil, ErrClosed
	}
	f := &Foreign{unsure: true}
	f.fd = FD{p: p, sysfd: sysfd, foreign: true}
	fd := &f.fd
	fd.sides()
	fd.life.add(guest) // until Close
	fd.rd.state.Store(idle)
	fd.wr.state.Store(idle)
	fd.touch()
	if !p.fds.Put(fd, &fd.place) {
		return nil, syscall.EMFILE
	}
	p.foreign.opened.Add(1)
	p.foreign.open.Add(1)
	return f, nil
}

// Foreigns says how many foreign sockets are open, and how many ever were.
func (p *Poller) Foreigns() (open, opened uint64) {
	return uint64(p.foreign.open.Load()), p.foreign.opened.Load()
}

// Read receives into b, which must not be empty. EAGAIN says that nothing is there, or
// is known to be; the caller then waits with Wait before it calls again.
func (f *Foreign) Read(b []byte) (int, syscall.Errno) {
	fd := &f.fd
	if fd.rx.given { // the loop has received while the Read waited
		fd.rx.given = false
		return split(fd.rx.res)
	}
	if !f.unsure && fd.rd.state.Load() != ready && !fd.asks.Load() {
		f.want = b
		return 0, syscall.EAGAIN
	}
	f.unsure = false
	n, errno := f.recv(b)
	if errno == syscall.EAGAIN {
		f.want = b
	}
	return n, errno
}

// split is a completion's result as a system call's.
func split(res int32) (int, syscall.Errno) {
	if res < 0 {
		return 0, syscall.Errno(-res)
	}
	return int(res), 0
}

// recv is FD.recv for a caller who holds the descriptor.
func (f *Foreign) recv(b []byte) (int, syscall.Errno) {
	fd := &f.fd
	c := fd.p.current()
	st := &c.stat
	fd.rd.clear()
	n, errno := f.callRead(c, b)
	c.received()
	switch {
	case errno == syscall.EAGAIN:
		st.recvMisses.Add(1)
		return 0, errno
	case errno != 0:
		fd.rd.note() // what follows has no edge
		return 0, errno
	}
	fd.watchEnd()
	if n == 0 || n == len(b) || !fd.drained() {
		fd.rd.note()
	}
	st.bytesIn.Add(uint64(n))
	return n, 0
}

// Write sends some of b. EAGAIN says that there is no room; the caller then waits with
// Wait.
func (f *Foreign) Write(b []byte) (int, syscall.Errno) {
	fd := &f.fd
	fd.wr.clear()
	c := fd.p.current()
	n, errno := f.callWrite(c, b)
	return c.stat.sentByCall(n, errno), errno
}

// callRead is read(2), again after a signal.
func (f *Foreign) callRead(c *core, b []byte) (int, syscall.Errno) {
	for {
		var n int
		var errno syscall.Errno
		if instrumented {
			n, errno = called(syscall.Read(f.fd.sysfd, b))
		} else {
			n, _, errno = c.recv(f.fd.sysfd, b)
		}
		if errno != syscall.EINTR {
			return n, errno
		}
	}
}

// callWrite is write(2), again after a signal.
func (f *Foreign) callWrite(c *core, b []byte) (int, syscall.Errno) {
	for {
		var n int
		var errno syscall.Errno
		if instrumented {
			n, errno = called(syscall.Write(f.fd.sysfd, b))
		} else {
			n, errno = c.send(f.fd.sysfd, b)
		}
		if errno != syscall.EINTR {
			return n, errno
		}
	}
}

// called is a result of package syscall, which announces to the race detector what it
// has done.
func called(n int, err error) (int, syscall.Errno) {
	if err != nil {
		errno, _ := err.(syscall.Errno)
		return 0, errno
	}
	return n, 0
}

// side returns the side that a mode is about.
func (f *Foreign) side(mode int) *side {
	if mode == ForeignWrite {
		return &f.fd.wr
	}
	return &f.fd.rd
}

// Prepare says whether a read (ForeignRead) or a write (ForeignWrite) may begin.
func (f *Foreign) Prepare(mode int) int {
	s := f.side(mode)
	switch {
	case f.fd.life.closed():
		return ForeignClosing
	case s.expired.Load():
		return ForeignTimeout
	}
	return ForeignReady
}

// Wait returns when the socket may have become readable (ForeignRead) or writable
// (ForeignWrite) since the last Read, Write or Wait, its deadline is over or it was
// evicted. The caller asks the kernel then, in whatever way it likes.
func (f *Foreign) Wait(mode int) int {
	s := f.side(mode)
	for {
		if code := f.Prepare(mode); code != ForeignReady {
			f.want = nil
			return code
		}
		given, err := f.wait(mode)
		if err != nil {
			f.want = nil
			return waitFailed(err)
		}
		if given {
			return ForeignReady
		}
		if s.state.Load() == ready {
			s.clear()
			if mode != ForeignWrite {
				f.unsure = true
			}
			return ForeignReady
		}
	}
}

// waitFailed is Wait's code for an error of FD.wait.
func waitFailed(err error) int {
	errno := syscall.EIO
	errors.As(err, &errno)
	return -int(errno)
}

// wait is FD.wait, for a reader with the buffer of the Read that waits for the loop to
// fill it. It reports whether the loop has.
func (f *Foreign) wait(mode int) (given bool, err error) {
	fd := &f.fd
	s := f.side(mode)
	s.lock.Lock() // nobody else does, but to move the FD where others may not wait
	defer s.lock.Unlock()
	if mode == ForeignWrite {
		return false, fd.wait(s)
	}
	if !instrumented { // the race detector does not see what the ring writes
		fd.rx.want = f.want
	}
	err = fd.wait(&fd.rd)
	fd.rx.want = nil
	if fd.rx.given || fd.rd.state.Load() == ready || f.Prepare(ForeignRead) != ForeignReady {
		f.want = nil
	}
	return fd.rx.given, err
}

// SetDeadline sets the deadline of reads (ForeignRead), writes (ForeignWrite) or both
// (their sum): d nanoseconds from now, over if negative, none if 0.
func (f *Foreign) SetDeadline(d int64, mode int) {
	var now, at int64
	if d != 0 {
		now = rt.Nanotime()
		at = dueAt(now, time.Duration(d))
	}
	// (The error would say that it was evicted, which the next call says too.)
	_ = f.fd.moveDeadlines(now, at, mode != ForeignWrite, mode != ForeignRead)
}

// Expose says that somebody else may read from the socket, or has set options that
// change what an edge means: reads ask the kernel from now on, as package net does.
func (f *Foreign) Expose() { f.fd.Expose() }

// Evict wakes whoever waits; nobody waits any more.
func (f *Foreign) Evict() { f.fd.hang(ErrClosed) }

// Close ends the reports. The owner closes the descriptor afterwards.
func (f *Foreign) Close() {
	f.fd.hang(ErrClosed)
	f.fd.p.foreign.open.Add(-1)
	f.fd.depart()
}

// reportsLate reports whether bytes may wait in a foreign socket without a report
// (SO_RCVLOWAT, which accepted sockets inherit).
func (fd *FD) reportsLate() bool {
	if !fd.foreign {
		return false
	}
	low, err := unix.GetsockoptInt(fd.sysfd, unix.SOL_SOCKET, unix.SO_RCVLOWAT)
	return err != nil || low > 1 // 0 where an MPTCP listener has accepted it
}
