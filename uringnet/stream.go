package uringnet

import (
	"time"

	"github.com/uringnet/go-uringnet/poller"
)

// controller gives access to a descriptor.
type controller interface {
	Control(f func(sysfd uintptr)) error
}

// stream is a descriptor on a ring: poller.FD where there is io_uring. A nil
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
	RawRead(f func(sysfd uintptr) bool) error
	RawWrite(f func(sysfd uintptr) bool) error
	Dup() (sysfd int, err error)
	Lend(b *poller.Buffer) error
	SpliceRead(f func(sysfd uintptr) bool) error

	// Event-driven use: see poller.FD.Serve.
	Serve(ev poller.Events, ring int) error
	Push(b []byte) error
	Buffered() int
	PauseEvents()
	ResumeEvents()
	CloseEvents() error
}
