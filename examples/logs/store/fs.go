package store

// FS makes files and buffers: std's (StdFS) or those of io_uring. It is used by
// several goroutines at once.
type FS interface {
	// Create makes a new file for reading and writing that must not exist.
	Create(name string) (File, error)
	// Buffers returns n buffers of size bytes for batches, registered with the
	// kernel where possible. They are the Store's until Close has returned.
	Buffers(n, size int) ([][]byte, error)
	// SyncDir makes a directory's entries durable.
	SyncDir(dir string) error
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
