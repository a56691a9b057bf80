package store

import "os"

// StdFS is the file system by way of package os.
type StdFS struct{}

// Create makes a new file; see FS.
func (StdFS) Create(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
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

// SyncDir makes a directory's entries durable, where the system can.
func (StdFS) SyncDir(dir string) error { return syncDir(dir) }

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
