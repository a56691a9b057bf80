package poller

import (
	"io"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
)

// File is a file whose operations run on the rings: the goroutine that calls
// one parks on a completion channel, and no thread of Go's blocks in the disk.
// (The kernel runs what would block on its own workers, see Config.IOWQ*.) Its
// methods may be called from any goroutine at the same time. Errors are
// *fs.PathError around a syscall.Errno, fs.ErrClosed or io errors.
//
// Memory given to ReadAt and WriteAt belongs to the kernel until they return.
// If it lies in the poller's registered buffers, READ_FIXED and WRITE_FIXED
// are used.
type File struct {
	p    *Poller
	name string
	d    descriptor
}

// OpenFile opens a file as os.OpenFile does: on the calling thread, by its credentials,
// working directory and umask.
func (p *Poller) OpenFile(name string, flag int, perm fs.FileMode) (*File, error) {
	f := &File{p: p, name: name}
	if p.calls.ended() {
		return nil, f.fail("open", ErrClosed)
	}
	sysfd, err := unix.Open(name, flag|unix.O_CLOEXEC, syscallMode(perm))
	for err == unix.EINTR {
		sysfd, err = unix.Open(name, flag|unix.O_CLOEXEC, syscallMode(perm))
	}
	if err != nil {
		return nil, f.fail("open", err)
	}
	f.d.init(sysfd)
	return f, nil
}

// syscallMode is the mode_t of perm, as os.OpenFile makes it.
func syscallMode(perm fs.FileMode) uint32 {
	m := uint32(perm.Perm())
	for bit, mode := range map[fs.FileMode]uint32{fs.ModeSetuid: unix.S_ISUID, fs.ModeSetgid: unix.S_ISGID, fs.ModeSticky: unix.S_ISVTX} {
		if perm&bit != 0 {
			m |= mode
		}
	}
	return m
}

// Name returns the name that OpenFile was given.
func (f *File) Name() string { return f.name }

// fail wraps an error.
func (f *File) fail(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if err == ErrClosed {
		err = fs.ErrClosed
	}
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// run runs one request on the file, again when the kernel was short of something.
func (f *File) run(q ring.Request, buf []byte) (int, error) {
	sysfd, err := f.d.use()
	if err != nil {
		return 0, err
	}
	defer f.d.unuse()
	q.FD = int32(sysfd)
	for {
		if n, err := f.p.perform(q, buf); err != syscall.EAGAIN {
			return n, err
		}
	}
}

// perform runs one request of a file and returns what it did.
func (p *Poller) perform(q ring.Request, buf []byte) (int, error) {
	res, err := p.do(q, buf)
	switch {
	case err != nil:
		return 0, err
	case res >= 0:
		return int(res), nil
	case p.calls.ended() && (givenUp(res) || res == -int32(syscall.EINTR)): // by Poller.Close
		return 0, ErrClosed
	}
	return 0, syscall.Errno(-res)
}

// ReadAt reads len(b) bytes at off, or less at the end of the file: then the
// error is io.EOF.
func (f *File) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, f.fail("readat", syscall.EINVAL)
	}
	n := 0
	for n < len(b) {
		m, err := f.run(f.p.transferAt(abi.OpcodeRead, b[n:], off+int64(n)), b[n:])
		n += m
		if err == nil && m == 0 {
			err = io.EOF
		}
		if err != nil {
			return n, f.fail("read", err)
		}
	}
	return n, nil
}

// WriteAt writes b at off. On an error, n bytes were written.
func (f *File) WriteAt(b []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, f.fail("writeat", syscall.EINVAL)
	}
	for n < len(b) {
		m, err := f.run(f.p.transferAt(abi.OpcodeWrite, b[n:], off+int64(n)), b[n:])
		n += m
		if err == nil && m == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return n, f.fail("write", err)
		}
	}
	return n, nil
}

// transferAt is a read or write request: of a registered buffer, if b is in one.
func (p *Poller) transferAt(op uint8, b []byte, off int64) ring.Request {
	q := ring.Request{Op: op, Addr: ring.AddrOf(b), Len: uint32(min(len(b), maxTransfer)), Off: uint64(off)}
	if p.registered(b) {
		p.current().stat.fixedIO.Add(1)
		q.Buf = fixedIndex
		q.Op = abi.OpcodeReadFixed
		if op == abi.OpcodeWrite {
			q.Op = abi.OpcodeWriteFixed
		}
	}
	return q
}

// Sync makes the file's data and metadata durable (fsync).
func (f *File) Sync() error {
	_, err := f.run(ring.Request{Op: abi.OpcodeFsync}, nil)
	return f.fail("sync", err)
}

// Datasync makes the file's data durable (fdatasync).
func (f *File) Datasync() error {
	_, err := f.run(ring.Request{Op: abi.OpcodeFsync, RWFlag: abi.FsyncDatasync}, nil)
	return f.fail("datasync", err)
}

// Allocate reserves disk space for n bytes at off (fallocate). With keepSize
// the file does not grow. Not every file system can: EOPNOTSUPP.
func (f *File) Allocate(off, n int64, keepSize bool) error {
	var mode uint32
	if keepSize {
		mode = unix.FALLOC_FL_KEEP_SIZE
	}
	_, err := f.run(ring.Request{Op: abi.OpcodeFallocate, Off: uint64(off), Addr: uint64(n), Len: mode}, nil)
	return f.fail("fallocate", err)
}

// SpliceFrom moves up to n bytes from a pipe to the file at off, inside the
// kernel (IORING_OP_SPLICE, 5.7), and returns how many it moved.
func (f *File) SpliceFrom(pipe int, off int64, n int) (int, error) {
	m, err := f.run(ring.Request{
		Op: abi.OpcodeSplice, In: int32(pipe), Addr: noOffset, Off: uint64(off),
		Len: uint32(n), RWFlag: unix.SPLICE_F_MOVE,
	}, nil)
	return m, f.fail("splice", err)
}

// SpliceTo moves up to n bytes of the file at off to a pipe. 0 is the end of the
// file.
func (f *File) SpliceTo(pipe int, off int64, n int) (int, error) {
	sysfd, err := f.d.use()
	if err != nil {
		return 0, f.fail("splice", err)
	}
	defer f.d.unuse()
	m, err := f.p.perform(ring.Request{
		Op: abi.OpcodeSplice, FD: int32(pipe), In: int32(sysfd), Addr: uint64(off), Off: noOffset,
		Len: uint32(n), RWFlag: unix.SPLICE_F_MOVE,
	}, nil)
	return m, f.fail("splice", err)
}

// Truncate sets the file's size. It is ftruncate(2): the ring's own operation
// needs kernel 6.9.
func (f *File) Truncate(size int64) error {
	sysfd, err := f.d.use()
	if err != nil {
		return f.fail("truncate", err)
	}
	defer f.d.unuse()
	for err = unix.Ftruncate(sysfd, size); err == unix.EINTR; {
		err = unix.Ftruncate(sysfd, size)
	}
	return f.fail("truncate", err)
}

// Control runs fn on the descriptor, which stays open meanwhile.
func (f *File) Control(fn func(sysfd uintptr)) error {
	sysfd, err := f.d.use()
	if err != nil {
		return f.fail("control", err)
	}
	defer f.d.unuse()
	fn(uintptr(sysfd))
	return nil
}

// Close closes the file when the operations that run have ended; others get
// fs.ErrClosed.
func (f *File) Close() error { return f.fail("close", f.d.close()) }
