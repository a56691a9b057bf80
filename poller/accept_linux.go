package poller

import (
	"cmp"
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Accepts that stay armed, on rings that own their connections (Dedicated, SQPoll).

// errNotListener is what Accept says on an FD that is not a listener.
var errNotListener = errors.New("poller: not a listener")

// acceptArmed is one step of Accept. done is false if it has to go on.
func (fd *FD) acceptArmed() (sysfd int, err error, done bool) {
	fd.rd.clear()
	fd.mu.Lock()
	a := fd.arm
	switch {
	case fd.closing != nil:
	case len(a.accepted) > 0:
		sysfd, done = a.accepted[0], true
		copy(a.accepted, a.accepted[1:])
		a.accepted = a.accepted[:len(a.accepted)-1]
	case a.end != nil:
		err, done = a.end, true
		a.end = nil
	case a.ring == nil && (a.off || a.direct):
		fd.mu.Unlock()
		done, failed := fd.once(func() (ok bool) {
			sysfd, err, ok = fd.accept()
			return ok
		})
		return sysfd, cmp.Or(failed, err), done
	default:
		var d *driven
		if a.ring == nil {
			d = fd.armAccept(fd.p.current().driven)
		}
		fd.mu.Unlock()
		d.kick()
		fd.park(&fd.rd)
		return -1, nil, false
	}
	fd.mu.Unlock()
	return sysfd, err, done
}

// armAccept queues an accept, multishot where the kernel has it. mu is held.
func (fd *FD) armAccept(d *driven) *driven {
	fd.armed(d, slots.OpAccept)
	q := ring.Request{Op: abi.OpcodeAccept, RWFlag: acceptFlags, User: fd.user(slots.OpAccept)}
	if fd.p.feats.Has(FeatMultishotAccept) {
		q.Ioprio = abi.AcceptMultishot
	}
	fd.push(d.Ring, q)
	return d
}

// onAccept takes the completion of an accept. It reports whether Accept was woken.
func (fd *FD) onAccept(c *core, done ring.Completion) bool {
	fd.mu.Lock()
	a := fd.arm
	last := !done.More()
	if last {
		a.ring = nil
	}
	switch errno := syscall.Errno(-done.Res); {
	case done.Res >= 0:
		fd.accepted(c, int(done.Res))
	case fd.closing != nil, errno == syscall.ECONNABORTED, errno == syscall.ECANCELED:
		// Accept arms again.
	case transient(errno), errno == syscall.EINVAL:
		fd.p.unexpected(c, slots.OpAccept, errno)
		a.direct, a.rearm = true, true
	case fd.rd.state.Load() == waiting:
		a.end = errno // EMFILE and the like; without a waiter the next accept will find it again
	}
	something := fd.closing == nil && (len(a.accepted) > 0 || a.end != nil || a.ring == nil)
	fd.mu.Unlock()
	if last {
		fd.unuse()
	}
	return something && fd.rd.note()
}

// accepted queues a connection and stops a multishot accept that nobody takes
// from. mu is held.
func (fd *FD) accepted(c *core, sysfd int) {
	if fd.closing != nil {
		unix.Close(sysfd)
		return
	}
	a := fd.arm
	c.stat.accepts.Add(1)
	a.accepted = append(a.accepted, sysfd)
	if len(a.accepted) < maxAccepted {
		return
	}
	if d := fd.cancelArmed(); d != nil {
		a.rearm = true
		d.drv.Kick(driveLater)
	}
}

// Accept returns the descriptor of the next connection, which the caller owns:
// close-on-exec and non-blocking, as net makes them. Errors:
// os.ErrDeadlineExceeded, ErrClosed, or a syscall.Errno such as EMFILE, after
// which Accept can be called again.
func (fd *FD) Accept() (int, error) {
	if !fd.listener {
		return -1, errNotListener
	}
	fd.rd.lock.Lock()
	defer fd.rd.lock.Unlock()
	for {
		if fd.life.closed() {
			return -1, fd.closing
		}
		if fd.rd.expired.Load() {
			return -1, os.ErrDeadlineExceeded
		}
		if fd.arm != nil {
			if sysfd, err, done := fd.acceptArmed(); done {
				return sysfd, err
			}
			continue
		}
		if sysfd, err, done := fd.accept(); done {
			return sysfd, err
		}
		if err := fd.wait(&fd.rd); err != nil {
			return -1, err
		}
	}
}
