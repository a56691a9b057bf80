package uringnet

import (
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

// spliceOut moves what c receives through a pipe to the target for w, at most
// limit bytes if that is not negative. next says how the caller has to go on.
func spliceOut(w io.Writer, to pipeTarget, c *conn, limit int64) (moved int64, next spliceNext, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return 0, spliceDone, os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	_, _ = unix.FcntlInt(uintptr(p[1]), unix.F_SETPIPE_SZ, spliceSize)
	for small := 0; limit != 0 && small < bulk; {
		want := spliceSize
		if limit > 0 {
			want = int(min(int64(want), limit))
		}
		n, err := fillPipe(c, p[1], want)
		switch {
		case err == poller.ErrAhead:
			return moved, spliceAgain, nil
		case err == io.EOF || err == nil && n == 0:
			return moved, spliceDone, nil
		case err != nil:
			return moved, spliceDone, c.fail("splice", "splice", err)
		}
		for n > 0 {
			m, err := to.takePipe(p[0], n)
			moved += int64(m)
			if limit > 0 {
				limit -= int64(m)
			}
			n -= m
			if err != nil {
				rest, err := drainPipe(w, p[0], n, err)
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

// drainPipe writes the n bytes that a target has refused with an error, and that
// no Read of the connection will find any more. If w takes them the error was
// about splicing only; else they are lost as those that io.Copy has read are.
func drainPipe(w io.Writer, pipe, n int, refused error) (written int64, err error) {
	b := stdBuffers.Get().(*[]byte)
	defer stdBuffers.Put(b)
	for n > 0 {
		got, err := unix.Read(pipe, (*b)[:min(n, stdLendSize)])
		if err == unix.EINTR {
			continue
		}
		if err != nil || got == 0 {
			return written, refused
		}
		m, err := write(w, (*b)[:got])
		written += int64(m)
		if err != nil {
			return written, refused
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
// opened to append, or is something else than a regular file or a pipe, or a
// pipe that blocks (a shell's, mostly), for which the runtime cannot wait.
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
		ok = flags&unix.O_APPEND == 0 && (kind == unix.S_IFREG || waits)
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
// negative.
func spliceFile(c *conn, f *File, limit int64) (sent int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return 0, os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	_, _ = unix.FcntlInt(uintptr(p[1]), unix.F_SETPIPE_SZ, spliceSize)
	for limit != 0 {
		want := spliceSize
		if limit > 0 {
			want = int(min(int64(want), limit))
		}
		n, err := f.ring.SpliceTo(p[1], f.pos, want)
		if err != nil || n == 0 {
			return sent, err
		}
		for n > 0 {
			m, err := connTarget{c}.takePipe(p[0], n)
			n -= m
			sent += int64(m)
			f.pos += int64(m)
			limit -= int64(m)
			if err != nil {
				return sent, err
			}
		}
		limit = max(limit, -1)
	}
	return sent, nil
}
