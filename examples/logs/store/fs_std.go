package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// StdFS is the file system by way of package os.
type StdFS struct{}

// Create makes a new file; see FS.
func (StdFS) Create(name string, mode fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(mode); err != nil {
		f.Close()
		_ = os.Remove(name)
		return nil, err
	}
	return stdFile{f}, nil
}

// Buffers returns plain memory.
func (StdFS) Buffers(n, size int) ([][]byte, error) {
	bufs := make([][]byte, n)
	slab := make([]byte, n*size)
	for i := range bufs {
		bufs[i] = slab[i*size : (i+1)*size : (i+1)*size]
	}
	return bufs, nil
}

// Open opens a file; see FS.
func (StdFS) Open(name string, write bool) (OpenFile, error) {
	flag := os.O_RDONLY
	if write {
		flag = os.O_RDWR
	}
	f, err := os.OpenFile(name, flag, 0)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// List returns the names of a directory's files; see FS.
func (StdFS) List(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Stat describes a file; see FS.
func (StdFS) Stat(name string) (fs.FileInfo, error) { return os.Lstat(name) }

// Same reports whether two are of the same file.
func (StdFS) Same(a, b fs.FileInfo) bool { return os.SameFile(a, b) }

// Remove removes a file.
func (StdFS) Remove(name string) error { return os.Remove(name) }

// Rename renames a file.
func (StdFS) Rename(from, to string) error { return os.Rename(from, to) }

// Mkdir makes a directory; see FS.
func (StdFS) Mkdir(name string, mode fs.FileMode) error {
	if err := os.Mkdir(name, mode); err != nil {
		return err
	}
	return os.Chmod(name, mode)
}

// Chown gives a file to a group.
func (StdFS) Chown(name string, gid int) error { return os.Lchown(name, -1, gid) }

// SyncDir makes a directory's entries durable, where the system can.
func (StdFS) SyncDir(dir string) error { return syncDir(dir) }

// Lock locks a file; see FS.
func (StdFS) Lock(name string, mode fs.FileMode) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, err
	}
	if err := f.Chmod(mode); err != nil && !errors.Is(err, fs.ErrPermission) { // another user's, made before
		f.Close()
		return nil, err
	}
	return f, nil
}

// Free is what is left of a file system; see FS.
func (StdFS) Free(dir string) (uint64, error) { return freeBytes(dir) }

// stdFile is an os.File as a File.
type stdFile struct{ *os.File }

func (f stdFile) WriteSync(b []byte, off int64) (int, error) {
	n, err := f.WriteAt(b, off)
	if err != nil {
		return n, err
	}
	return n, f.Datasync()
}

// openSync opens a file or directory, syncs it and closes it.
func openSync(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
