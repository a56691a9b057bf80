package uringnet

import (
	"time"

	"github.com/uringnet/go-uringnet/poller"
)

// controller gives access to a descriptor.
type controller interface {
	Control(f func(sysfd uintptr)) error
}

// stream is a descriptor that the engine carries: poller.FD on Linux. A nil
// stream means that the standard library carries the connection.
//
// Errors come bare: io.EOF, poller.ErrClosed, poller.ErrIdle,
// os.ErrDeadlineExceeded or a syscall.Errno.
type stream interface {
	Read(b []byte) (int, error)
	Write(b []byte) (int, error)
	Writev(bs [][]byte) (int64, error)
	Accept() (sysfd int, err error)
	Shutdown(how int) error
	Close() error
	Closed() bool
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	controller
	Expose()
	RawRead(f func(sysfd uintptr) bool) error
	RawWrite(f func(sysfd uintptr) bool) error
	Dup() (sysfd int, err error)
	Lend(b *poller.Buffer) error
	SpliceRead(f func(sysfd uintptr) bool) error

	// Event-driven use: see poller.FD.Serve.
	Serve(ev poller.Events, home int) error
	Push(b []byte) error
	SetPending(bytes int)
	Buffered() int
	PauseEvents()
	ResumeEvents()
	CloseEvents() error
}
