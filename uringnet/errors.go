package uringnet

import (
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/uringnet/go-uringnet/poller"
)

// ErrIdle is what calls on a connection return after Config.IdleTimeout has
// closed it. It comes wrapped in a *net.OpError and matches net.ErrClosed.
var ErrIdle error = idleError{}

type idleError struct{}

func (idleError) Error() string        { return poller.ErrIdle.Error() }
func (idleError) Is(target error) bool { return target == net.ErrClosed }

// ErrEngineClosed is what Listen, Dial and Wrap return on a closed Engine.
var ErrEngineClosed = errors.New("uringnet: engine closed")

// mapError gives an error of a stream the form that net's own types return:
// net.ErrClosed for a closed descriptor, *os.SyscallError around an errno.
func mapError(call string, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return os.NewSyscallError(call, errno)
	}
	switch err {
	case poller.ErrClosed:
		return net.ErrClosed
	case poller.ErrIdle:
		return ErrIdle
	}
	return err
}
