package poller

import "time"

type Poller struct{}

func New(Config) (*Poller, error)                   { return nil, ErrUnsupported }
func (*Poller) Open(int, FDOptions) (*FD, error)    { return nil, nil }
func (*Poller) Status() Status                      { return Status{} }
func (*Poller) Counters() []Counters                { return nil }
func (*Poller) Close() error                        { return nil }

type FD struct{ x }
type x interface {
	Read(b []byte) (int, error)
	Write(b []byte) (int, error)
	Writev(bs [][]byte) (int64, error)
	Accept() (sysfd int, err error)
	Shutdown(how int) error
	Close() error
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	Control(f func(sysfd uintptr)) error
	RawRead(f func(sysfd uintptr) bool) error
	RawWrite(f func(sysfd uintptr) bool) error
	Dup() (sysfd int, err error)
}
