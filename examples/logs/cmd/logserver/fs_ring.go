package main

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"runtime"

	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/uringnet"
)

// ringFS writes segments on the engine's rings, from its registered buffers.
type ringFS struct {
	store.StdFS // for all but writing
	engine      *uringnet.Engine
	pool        uringnet.FixedBuffers
	taken       [][]byte // of pool
}

// chooseFiles returns the file system for the store and says in words what it
// is. With synced, each write is. The ringFS is nil if it is the standard library's.
func chooseFiles(e *uringnet.Engine, files string, synced bool) (fs *ringFS, words string, err error) {
	onRings := e.Status().IOUring
	switch {
	case files == filesStd || files == filesAuto && !(onRings && synced):
		return nil, "the standard library", nil
	case !onRings:
		return nil, "", fmt.Errorf("-files %s: %s", files, e.Status())
	}
	fs = &ringFS{engine: e}
	if fs.pool, err = e.FixedBuffers(); err != nil {
		return nil, "", fmt.Errorf("buffers: %w", err)
	}
	return fs, "io_uring", nil
}

// bufferCount is how many buffers the store will ask for.
func (c *config) bufferCount() int {
	lanes := c.lanes
	if lanes == 0 {
		lanes = runtime.GOMAXPROCS(0)
	}
	n := max(c.batches, 2*lanes)
	if c.compress {
		n *= 2
	}
	return n
}

// Create makes a segment.
func (f *ringFS) Create(name string, mode iofs.FileMode) (store.File, error) {
	file, err := f.engine.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(name, mode); err != nil { // whatever the umask
		file.Close()
		_ = os.Remove(name)
		return nil, err
	}
	return &ringFile{file, f.engine}, nil
}

// Buffers returns registered buffers, and plain ones if there are too few.
func (f *ringFS) Buffers(n, size int) ([][]byte, error) {
	if size > f.pool.Size() {
		return nil, errors.New("the registered buffers are too small")
	}
	bufs := make([][]byte, n)
	for i := range bufs {
		b := f.pool.Get()
		if b == nil {
			b = make([]byte, size)
		} else {
			f.taken = append(f.taken, b)
		}
		bufs[i] = b[:size:size]
	}
	return bufs, nil
}

// release gives the buffers back, once the store is closed.
func (f *ringFS) release() {
	for _, b := range f.taken {
		f.pool.Put(b)
	}
	f.taken = nil
}

// ringFile is a segment.
type ringFile struct {
	*uringnet.File
	engine *uringnet.Engine
}

// WriteSync writes and syncs in a chain: one submission, one wake-up.
func (f *ringFile) WriteSync(b []byte, off int64) (int, error) {
	chain := f.engine.NewChain()
	write := chain.WriteAt(f.File, b, off)
	chain.Datasync(f.File)
	err := chain.Run()
	if errors.Is(err, uringnet.ErrShort) {
		return write.N, nil // the store writes the rest
	}
	return write.N, err
}

// Allocate reserves space behind the file's end.
func (f *ringFile) Allocate(off, n int64) error { return f.File.Allocate(off, n, true) }
