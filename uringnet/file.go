package uringnet

import (
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync"
)

// ringFile is a file on a ring: poller.File where there is io_uring.
type ringFile interface {
	ReadAt(b []byte, off int64) (int, error)
	WriteAt(b []byte, off int64) (int, error)
	Sync() error
	Datasync() error
	Allocate(off, n int64, keepSize bool) error
	Truncate(size int64) error
	Control(f func(sysfd uintptr)) error
	Close() error
	SpliceFrom(pipe int, off int64, n int) (int, error)
	SpliceTo(pipe int, off int64, n int) (int, error)
}

// File is a file whose reads, writes and syncs run on the engine's rings: the
// goroutine that calls parks as on a connection, and no thread of Go's blocks
// in the disk. Where io_uring is missing it is an *os.File. Errors are
// *fs.PathError, io.EOF or fs.ErrClosed inside one.
//
// Memory given to ReadAt and WriteAt is not kept. If it lies in
// Engine.FixedBuffers, the kernel need not map it each time (READ_FIXED,
// WRITE_FIXED).
//
// ReadAt, WriteAt, Sync, Datasync, Allocate, Truncate and Close may be called
// from several goroutines at once. Read, Write, Seek and ReadFrom use the
// File's own offset, one at a time.
type File struct {
	name string
	ring ringFile // nil: std
	std  *os.File
	lost runtime.Cleanup // closes ring when the File is collected

	mu  sync.Mutex // held by who uses pos
	pos int64      // guarded by mu
}

// OpenFile opens a file on the default engine: see Engine.OpenFile.
func OpenFile(name string, flag int, perm fs.FileMode) (*File, error) {
	return Default().OpenFile(name, flag, perm)
}

// OpenFile opens a file as os.OpenFile does. O_APPEND is not supported: it has
// no offset to write at.
func (e *Engine) OpenFile(name string, flag int, perm fs.FileMode) (*File, error) {
	if flag&os.O_APPEND != 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errAppend}
	}
	if !e.files() {
		f, err := os.OpenFile(name, flag, perm)
		if err != nil {
			return nil, err
		}
		return &File{name: name, std: f}, nil
	}
	if e.closed.Load() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: ErrEngineClosed}
	}
	f, err := e.rings.openFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return newRingFile(name, f), nil
}

// newRingFile returns a File that is closed when it is lost, as an os.File is.
// Methods keep it alive while they use ring: they call f.alive when they are done.
func newRingFile(name string, ring ringFile) *File {
	f := &File{name: name, ring: ring}
	f.lost = runtime.AddCleanup(f, func(ring ringFile) {
		go ring.Close() // the disk may make it wait, which a cleanup must not
	}, ring)
	return f
}

// alive marks the end of a use of ring.
func (f *File) alive() { runtime.KeepAlive(f) }

// Name returns the name that OpenFile was given.
func (f *File) Name() string { return f.name }

// ReadAt reads len(b) bytes at off; with io.EOF, what there was.
func (f *File) ReadAt(b []byte, off int64) (int, error) {
	if f.ring == nil {
		return f.std.ReadAt(b, off)
	}
	defer f.alive()
	return f.ring.ReadAt(b, off)
}

// WriteAt writes b at off. On an error, as many bytes as it returns were
// written.
func (f *File) WriteAt(b []byte, off int64) (int, error) {
	if f.ring == nil {
		return f.std.WriteAt(b, off)
	}
	defer f.alive()
	return f.ring.WriteAt(b, off)
}

// Sync makes the file durable: fsync.
func (f *File) Sync() error {
	if f.ring == nil {
		return f.std.Sync()
	}
	defer f.alive()
	return f.ring.Sync()
}

// Datasync makes the file's data durable, and of its metadata what reading
// them back needs: fdatasync.
func (f *File) Datasync() error {
	if f.ring == nil {
		return datasync(f.std)
	}
	defer f.alive()
	return f.ring.Datasync()
}

// Allocate reserves disk space for n bytes at off: fallocate. With keepSize the
// file's size stays. Not every system and file system can.
func (f *File) Allocate(off, n int64, keepSize bool) error {
	if f.ring == nil {
		return allocate(f.std, off, n, keepSize)
	}
	defer f.alive()
	return f.ring.Allocate(off, n, keepSize)
}

// Truncate sets the file's size.
func (f *File) Truncate(size int64) error {
	if f.ring == nil {
		return f.std.Truncate(size)
	}
	defer f.alive()
	return f.ring.Truncate(size)
}

// Control runs fn on the descriptor, which stays open meanwhile.
func (f *File) Control(fn func(sysfd uintptr)) error {
	if f.ring != nil {
		defer f.alive()
		return f.ring.Control(fn)
	}
	rc, err := f.std.SyscallConn()
	if err != nil {
		return err
	}
	return rc.Control(fn)
}

// Stat describes the file.
func (f *File) Stat() (fs.FileInfo, error) {
	if f.ring == nil {
		return f.std.Stat()
	}
	return statRing(f)
}

// Close closes the file when the operations that run have ended.
func (f *File) Close() error {
	if f.ring == nil {
		return f.std.Close()
	}
	defer f.alive()
	f.lost.Stop()
	return f.ring.Close()
}

// Read reads where the last Read, Write or Seek has left off.
func (f *File) Read(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	n, err := f.ReadAt(b, f.pos)
	f.pos += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// Write writes where the last Read, Write or Seek has left off.
func (f *File) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.WriteAt(b, f.pos)
	f.pos += int64(n)
	return n, err
}

// Seek sets the offset of Read, Write and ReadFrom.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.pos
	case io.SeekEnd:
		st, err := f.Stat()
		if err != nil {
			return f.pos, err
		}
		offset += st.Size()
	default:
		return f.pos, &fs.PathError{Op: "seek", Path: f.name, Err: fs.ErrInvalid}
	}
	if offset < 0 {
		return f.pos, &fs.PathError{Op: "seek", Path: f.name, Err: fs.ErrInvalid}
	}
	f.pos = offset
	return offset, nil
}

// ReadFrom writes what r has to the file until end of file. From a connection
// of this package, or a limited part of one, a long stream is spliced: its bytes
// go from the socket to the file inside the kernel.
func (f *File) ReadFrom(r io.Reader) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return copyIn(fileWriter{f}, r)
}

// fileWriter is a File's Write for a caller that holds mu.
type fileWriter struct{ f *File }

func (w fileWriter) Write(b []byte) (int, error) {
	n, err := w.f.WriteAt(b, w.f.pos)
	w.f.pos += int64(n)
	return n, err
}
