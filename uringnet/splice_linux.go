package uringnet

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/poller"
)

// spliceSize is the size asked of a pipe and the most that one splice(2) moves.
const spliceSize = 256 << 10

// smallSplice is how little a splice brings when copying would cost less.
const smallSplice = 4 << 10

const spliceFlags = unix.SPLICE_F_MOVE | unix.SPLICE_F_NONBLOCK

// spliceTarget returns what a pipe can be emptied into for w, nil if nothing.
func spliceTarget(w io.Writer) pipeTarget {
	var c *conn
	switch w := w.(type) {
	case *conn:
		c = w
	case *TCPConn:
		c = &w.conn
	case *UnixConn:
		c = &w.conn
	case *File:
		if w.ring != nil {
			return lockedFile{w}
		}
		return nil
	case fileWriter:
		if w.f.ring != nil {
			return w
		}
		return nil
	case *os.File:
		return osFileTarget(w)
	}
	if c == nil || !c.ok() || c.fd == nil {
		return nil
	}
	return connTarget{c}
}

// A pipe is what bytes are spliced through.
type pipe struct{ r, w int }

// newPipe makes a pipe. It fails where there is no descriptor left, or no call:
// then what was to be spliced is copied.
func newPipe() (pipe, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return pipe{}, err
	}
	_, _ = unix.FcntlInt(uintptr(p[1]), unix.F_SETPIPE_SZ, spliceSize)
	return pipe{p[0], p[1]}, nil
}

func (p pipe) close() {
	unix.Close(p.r)
	unix.Close(p.w)
}

// cannotSplice reports whether an error is about splicing and not about what was
// to be read or written: the kernel cannot splice these two (EINVAL), or does
// not know the call, or a seccomp filter denies it.
func cannotSplice(err error) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case unix.EINVAL, unix.EOPNOTSUPP, unix.ENOSYS, unix.EPERM, unix.EACCES:
		return true
	}
	return false
}

// spliceOut moves what c receives through a pipe to the target for w, at most
// limit bytes if that is not negative. next says how the caller has to go on.
func spliceOut(w io.Writer, to pipeTarget, c *conn, limit int64) (moved int64, next spliceNext, err error) {
	p, err := newPipe()
	if err != nil {
		return 0, spliceNever, nil
	}
	defer p.close()
	for small := 0; limit != 0 && small < bulk; {
		want := spliceSize
		if limit > 0 {
			want = int(min(int64(want), limit))
		}
		n, err := fillPipe(c, p.w, want)
		switch {
		case err == poller.ErrAhead:
			return moved, spliceAgain, nil
		case cannotSplice(err): // and nothing was taken off the socket
			return moved, spliceNever, nil
		case err == io.EOF || err == nil && n == 0:
			return moved, spliceDone, nil
		case err != nil:
			return moved, spliceDone, c.fail("splice", "splice", err)
		}
		for n > 0 {
			m, err := to.takePipe(p.r, n)
			moved += int64(m)
			if limit > 0 {
				limit -= int64(m)
			}
			n -= m
			if err != nil && !cannotSplice(err) {
				return moved, spliceDone, err
			}
			if err != nil || m == 0 {
				rest, err := drainPipe(w, p.r, n)
				return moved + rest, spliceNever, err
			}
			if m < smallSplice {
				small++
			} else {
				small = 0
			}
		}
	}
	return moved, spliceAgain, nil
}

// drainPipe writes to w the n bytes that it did not take by splicing, and that no
// Read of the connection will find any more. If it takes them, it can be copied
// to; else they are lost as those that io.Copy has read are.
func drainPipe(w io.Writer, from, n int) (written int64, err error) {
	b := stdBuffers.Get().(*[]byte)
	defer stdBuffers.Put(b)
	for n > 0 {
		got, err := unix.Read(from, (*b)[:min(n, stdLendSize)])
		if err == unix.EINTR {
			continue
		}
		if err == nil && got == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return written, os.NewSyscallError("read", err)
		}
		m, err := write(w, (*b)[:got])
		written += int64(m)
		if err != nil {
			return written, err
		}
		n -= got
	}
	return written, nil
}

// fillPipe moves what has arrived on c, at most n bytes, to the pipe.
func fillPipe(c *conn, pipe, n int) (moved int, err error) {
	var serr error
	err = c.fd.SpliceRead(func(sysfd uintptr) bool {
		moved, serr = splice(int(sysfd), pipe, n)
		return serr != syscall.EAGAIN
	})
	if err == nil {
		err = serr
	}
	return moved, err
}

// splice is splice(2) between a pipe and something else, again when it was
// interrupted.
func splice(from, to, n int) (int, error) {
	for {
		m, err := unix.Splice(from, nil, to, nil, n, spliceFlags)
		if err != unix.EINTR {
			return int(max(m, 0)), err
		}
	}
}

// connTarget sends a pipe's bytes on a connection.
type connTarget struct{ c *conn }

func (t connTarget) takePipe(pipe, n int) (moved int, err error) {
	var serr error
	err = t.c.fd.RawWrite(func(sysfd uintptr) bool {
		moved, serr = splice(pipe, int(sysfd), n)
		return serr != syscall.EAGAIN
	})
	if err == nil {
		err = serr
	}
	if err != nil {
		err = t.c.fail("splice", "splice", err)
	}
	return moved, err
}

// fileTarget writes a pipe's bytes to a file where its offset is.
type fileTarget struct{ rc syscall.RawConn }

// osFileTarget returns a target for f, nil if it cannot be spliced to: it was
// opened to append, or is something else than a regular file, a pipe or a device such
// as /dev/null, or a pipe that blocks (a shell's, mostly), for which the runtime cannot
// wait. (What a device cannot take is copied to it.)
func osFileTarget(f *os.File) pipeTarget {
	rc, err := f.SyscallConn()
	if err != nil {
		return nil
	}
	ok := false
	err = rc.Control(func(sysfd uintptr) {
		var st unix.Stat_t
		flags, err := unix.FcntlInt(sysfd, unix.F_GETFL, 0)
		if err != nil || unix.Fstat(int(sysfd), &st) != nil {
			return
		}
		kind := st.Mode & unix.S_IFMT
		waits := kind == unix.S_IFIFO && flags&unix.O_NONBLOCK != 0
		ok = flags&unix.O_APPEND == 0 && (kind == unix.S_IFREG || kind == unix.S_IFCHR || waits)
	})
	if err != nil || !ok {
		return nil
	}
	return fileTarget{rc}
}

func (t fileTarget) takePipe(pipe, n int) (moved int, err error) {
	var serr error
	err = t.rc.Write(func(sysfd uintptr) bool {
		moved, serr = splice(pipe, int(sysfd), n)
		return serr != syscall.EAGAIN
	})
	if err == nil && serr != nil {
		err = os.NewSyscallError("splice", serr)
	}
	return moved, err
}

// takePipe implements pipeTarget: the disk is waited for on the ring. The caller
// holds the file's mu.
func (w fileWriter) takePipe(pipe, n int) (int, error) {
	m, err := w.f.ring.SpliceFrom(pipe, w.f.pos, n)
	w.f.pos += int64(m)
	return m, err
}

// lockedFile is a fileWriter for a caller that does not hold mu.
type lockedFile struct{ f *File }

func (l lockedFile) takePipe(pipe, n int) (int, error) {
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	return fileWriter(l).takePipe(pipe, n)
}

// spliceFile sends f from its offset on c, at most limit bytes if that is not
// negative. Its offset moves by what was sent. The error is errNoSplice if the
// rest has to be copied.
func spliceFile(c *conn, f *File, limit int64) (sent int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := newPipe()
	if err != nil {
		return 0, errNoSplice
	}
	defer p.close()
	for limit != 0 {
		want := spliceSize
		if limit > 0 {
			want = int(min(int64(want), limit))
		}
		n, err := f.ring.SpliceTo(p.w, f.pos, want)
		if cannotSplice(err) {
			return sent, errNoSplice
		}
		if err != nil || n == 0 {
			return sent, err
		}
		for n > 0 {
			m, err := connTarget{c}.takePipe(p.r, n)
			n -= m
			sent += int64(m)
			f.pos += int64(m)
			limit -= int64(m)
			if cannotSplice(err) || err == nil && m == 0 {
				return sent, errNoSplice // what is in the pipe is read again
			}
			if err != nil {
				return sent, err
			}
		}
		limit = max(limit, -1)
	}
	return sent, nil
}
