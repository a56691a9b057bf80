package store

import (
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
)

// A faultFS is StdFS with faults.
type faultFS struct {
	StdFS

	// Each is asked before the operation, if not nil. write and sync may cut
	// the write short: n of size bytes are written before err is returned.
	write    func(size int) (n int, err error)
	sync     func() error // of Datasync and WriteSync; the write has been done
	create   func() error
	truncate func() error
	syncDir  func() error
	path     func(name string) // told of each file made

	creates, closes, syncs, writes atomic.Int64
}

type faultFile struct {
	File
	fs *faultFS
}

func (ff *faultFS) Create(name string, mode fs.FileMode) (File, error) {
	if ff.create != nil {
		if err := ff.create(); err != nil {
			return nil, err
		}
	}
	f, err := ff.StdFS.Create(name, mode)
	if err != nil {
		return nil, err
	}
	ff.creates.Add(1)
	if ff.path != nil {
		ff.path(name)
	}
	return &faultFile{f, ff}, nil
}

func (fs *faultFS) SyncDir(dir string) error {
	if fs.syncDir != nil {
		if err := fs.syncDir(); err != nil {
			return err
		}
	}
	return fs.StdFS.SyncDir(dir)
}

func (f *faultFile) WriteAt(b []byte, off int64) (int, error) {
	f.fs.writes.Add(1)
	n, fault := len(b), error(nil)
	if f.fs.write != nil {
		n, fault = f.fs.write(len(b))
	}
	n, err := f.File.WriteAt(b[:n], off)
	if err == nil {
		err = fault
	}
	return n, err
}

func (f *faultFile) WriteSync(b []byte, off int64) (int, error) {
	n, err := f.WriteAt(b, off)
	if err != nil || n < len(b) {
		return n, err
	}
	return n, f.Datasync()
}

func (f *faultFile) Datasync() error {
	f.fs.syncs.Add(1)
	if f.fs.sync != nil {
		if err := f.fs.sync(); err != nil {
			return err
		}
	}
	return f.File.Datasync()
}

func (f *faultFile) Truncate(size int64) error {
	if f.fs.truncate != nil {
		if err := f.fs.truncate(); err != nil {
			return err
		}
	}
	return f.File.Truncate(size)
}

func (f *faultFile) Close() error {
	f.fs.closes.Add(1)
	return f.File.Close()
}

// A gate holds up who passes it until it is opened.
type gate struct {
	once sync.Once
	ch   chan struct{}
}

func newGate() *gate  { return &gate{ch: make(chan struct{})} }
func (g *gate) open() { g.once.Do(func() { close(g.ch) }) }
func (g *gate) pass() { <-g.ch }

// remove removes a file that must be there.
func remove(name string) {
	if err := os.Remove(name); err != nil {
		panic(err)
	}
}
