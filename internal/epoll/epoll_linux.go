// Package epoll is a set of descriptors whose readiness is reported by its edges
// (EPOLLET).
//
// # Contract
//
// An edge is reported once for each time that a descriptor becomes ready, and when
// it is ready as it is added or as what it waits for is widened. The receiver has to
// note it before it asks the kernel for what is there, or an edge between the two is
// lost. Descriptors are keyed by open file description (epoll(7)): Del has to come
// before close, or a duplicate elsewhere keeps reporting; what is reported carries
// the UserData that Add was given, which tells a stale report.
//
// All methods may be called from any goroutine, but for Wait: one at a time.
package epoll

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Flags of an Event.
const (
	// In: readable.
	In = unix.EPOLLIN
	// Out: writable.
	Out = unix.EPOLLOUT
	// Last: the peer has ended its side, an error is pending, or urgent data has
	// come. What follows has no edge of its own.
	Last = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR | unix.EPOLLPRI
	// Hup: both sides have ended, or an error is pending: a write ends too.
	Hup = unix.EPOLLHUP | unix.EPOLLERR
)

// Event is one report.
type Event struct {
	User  slots.UserData
	Flags uint32
}

// Set is an epoll instance.
type Set struct {
	fd     int
	events []unix.EpollEvent // the waiter's
}

// New makes a set that reports at most batch events a Wait.
func New(batch int) (*Set, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &Set{fd: fd, events: make([]unix.EpollEvent, batch)}, nil
}

// FD is the set's descriptor: it is readable while there is something to report.
func (s *Set) FD() int { return s.fd }

// Add begins to report a descriptor: as readable, as writable, and its end in any case.
func (s *Set) Add(fd int, u slots.UserData, in, out bool) error {
	return s.control(unix.EPOLL_CTL_ADD, fd, u, in, out)
}

// Modify changes what is reported of a descriptor that was added. What it is ready for is
// reported anew.
func (s *Set) Modify(fd int, u slots.UserData, in, out bool) error {
	return s.control(unix.EPOLL_CTL_MOD, fd, u, in, out)
}

// Del ends the reports.
func (s *Set) Del(fd int) error {
	// (Kernels before 2.6.9 want an event.)
	if err := unix.EpollCtl(s.fd, unix.EPOLL_CTL_DEL, fd, &unix.EpollEvent{}); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	return nil
}

func (s *Set) control(op, fd int, u slots.UserData, in, out bool) error {
	ev := unix.EpollEvent{Events: unix.EPOLLET&0xffffffff | unix.EPOLLPRI | unix.EPOLLRDHUP, Fd: int32(u), Pad: int32(u >> 32)}
	if in {
		ev.Events |= unix.EPOLLIN
	}
	if out {
		ev.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(s.fd, op, fd, &ev); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	return nil
}

// Wait appends to list what there is to report, without waiting, and says whether
// there may be more.
func (s *Set) Wait(list []Event) (_ []Event, more bool) {
	n, errno := abi.EpollWait(s.fd, s.events)
	if errno != 0 { // EINTR: nothing is taken then
		return list, errno == syscall.EINTR
	}
	for i := range s.events[:max(n, 0)] {
		ev := &s.events[i]
		list = append(list, Event{slots.UserData(uint32(ev.Fd)) | slots.UserData(uint32(ev.Pad))<<32, ev.Events})
	}
	return list, n == len(s.events)
}

// Close closes the set.
func (s *Set) Close() { unix.Close(s.fd) }
