package store

import (
	"errors"
	"io"
	"io/fs"
	"syscall"
)

// FS is the disk as the Store and Scanners see it: std's (StdFS) or one whose segments
// are written on io_uring. Nothing of this package reaches the disk otherwise. It is
// used by several goroutines at once; names are as package os has them, and so are
// errors.
type FS interface {
	// Create makes a new file for reading and writing that must not exist, with these
	// permissions whatever the umask. So do Mkdir and Lock.
	Create(name string, mode fs.FileMode) (File, error)
	// Buffers returns n buffers of size bytes for batches, registered with the
	// kernel where possible. They are the Store's until Close has returned.
	Buffers(n, size int) ([][]byte, error)
	// Open opens a file for reading, and with write for Truncate and Sync too.
	Open(name string, write bool) (OpenFile, error)
	// List returns the names in a directory, without directories.
	List(dir string) ([]string, error)
	// Stat describes what a name stands for, a symbolic link itself.
	Stat(name string) (fs.FileInfo, error)
	// Same reports whether two are of the same file.
	Same(a, b fs.FileInfo) bool
	Remove(name string) error
	Rename(from, to string) error
	// Mkdir makes a directory whose parent exists.
	Mkdir(name string, mode fs.FileMode) error
	// Chown gives a name to a group; -1: as it is.
	Chown(name string, gid int) error
	// SyncDir makes a directory's entries durable.
	SyncDir(dir string) error
	// Lock takes the lock that a file stands for, made if need be, or fails at once.
	// It is held until it is closed or the process ends.
	Lock(name string, mode fs.FileMode) (io.Closer, error)
	// Free is how many bytes can still be written to a directory's file system.
	Free(dir string) (uint64, error)
}

// OpenFile is a file being read, or recovered.
type OpenFile interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
	Truncate(size int64) error
	Sync() error
}

// File is a file being written. Under Durability Interval Datasync is called by
// one goroutine while another calls WriteAt; otherwise calls come one after the
// other. A write may be short without an error: the Store writes the rest.
type File interface {
	WriteAt(b []byte, off int64) (int, error)
	// WriteSync writes b at off and then makes the file's content durable. On
	// an error, or if n is less than len(b), n bytes were written and nothing
	// is promised to be durable.
	WriteSync(b []byte, off int64) (n int, err error)
	// Datasync makes the file's content and size durable.
	Datasync() error
	// Allocate reserves space. It should not change the file's size; errors
	// are ignored.
	Allocate(off, n int64) error
	Truncate(size int64) error
	Close() error
}

// isFull reports whether an error says that there is no space left, on the disk or in a
// quota.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, errQuota)
}
