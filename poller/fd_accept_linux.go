package poller

import (
	"errors"
	"os"
	"syscall"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// maxAccepted is how many connections a multishot accept may take ahead of
// Accept before it is stopped (all that are in the backlog at one moment come
// in one go, though); the rest waits in the backlog.
const maxAccepted = 64

// acceptFlags are those that net gives its accept4.
const acceptFlags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK

// acceptState is a listener's FD. The armed request is in rxState. Guarded by
// FD.mu.
type acceptState struct {
	queue []int // descriptors accepted and not yet taken
}

// errNotListener is what Accept says on an FD that is not a listener.
var errNotListener = errors.New("poller: not a listener")

// Accept returns the descriptor of the next connection, which the caller owns:
// close-on-exec and non-blocking, as net makes them. Errors:
// os.ErrDeadlineExceeded, ErrClosed, or a syscall.Errno such as EMFILE, after
// which Accept can be called again.
func (fd *FD) Accept() (int, error) {
	if !fd.listener {
		return -1, errNotListener
	}
	fd.rl.Lock()
	defer fd.rl.Unlock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	rx := &fd.rx
	for {
		if fd.closing != nil {
			return -1, fd.closing
		}
		if fd.rd.expired {
			return -1, os.ErrDeadlineExceeded
		}
		if sysfd, ok := fd.takeAccepted(); ok {
			return sysfd, nil
		}
		if err := rx.end; err != nil {
			rx.end = nil
			return -1, err
		}
		if rx.ready || rx.poll || rx.pollOnce {
			if sysfd, err, done := fd.acceptDirect(); done {
				return sysfd, err
			}
		}
		var r *ring
		if rx.ring == nil {
			r = fd.armAccept()
		}
		fd.park(&fd.rd, r)
	}
}

// takeAccepted takes the first connection of the queue.
func (fd *FD) takeAccepted() (int, bool) {
	q := fd.accept.queue
	if len(q) == 0 {
		return -1, false
	}
	sysfd := q[0]
	copy(q, q[1:])
	fd.accept.queue = q[:len(q)-1]
	return sysfd, true
}

// armAccept queues an accept, multishot where the kernel has it. After an
// accept that failed for no reason of the socket's, it waits for readability
// instead, for accept4(2) to say what is the matter.
func (fd *FD) armAccept() *ring {
	rx := &fd.rx
	r := fd.p.current()
	if rx.poll || rx.pollOnce {
		return fd.arm(r, 0, false)
	}
	if rx.rearm {
		rx.rearm = false
		r.stat.rearms.Add(1)
	}
	rx.ring, rx.op, rx.canceled = r, OpAccept, false
	fd.began()
	q := request{op: iouring.IORING_OP_ACCEPT, rwFlag: acceptFlags, user: fd.user(OpAccept)}
	if fd.p.feats.Has(FeatMultishotAccept) {
		q.ioprio = abi.AcceptMultishot
	}
	fd.push(r, q)
	return r
}

// acceptDirect is accept4(2); done is false if no connection was there.
func (fd *FD) acceptDirect() (sysfd int, err error, done bool) {
	fd.rx.ready = false
	for {
		sysfd, _, err := unix.Accept4(fd.sysfd, acceptFlags)
		switch err {
		case nil:
			return sysfd, nil, true
		case unix.EINTR, unix.ECONNABORTED:
			continue
		case unix.EAGAIN:
			return -1, nil, false
		default:
			return -1, err, true
		}
	}
}

// onAccept takes the completion of an accept that ring r reaps.
func (fd *FD) onAccept(r *ring, c completion) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	rx := &fd.rx
	if !c.more() {
		rx.ring = nil
		fd.ended()
	}
	switch errno := syscall.Errno(-c.res); {
	case c.res >= 0:
		fd.accepted(r, int(c.res))
	case fd.closing != nil, errno == syscall.ECONNABORTED, errno == syscall.ECANCELED:
		// Accept arms again.
	case errno == syscall.EINTR, errno == syscall.EAGAIN, errno == syscall.ENOMEM, errno == syscall.EBUSY, errno == syscall.EINVAL:
		r.stat.unexpected.Add(1)
		rx.pollOnce, rx.rearm = true, true
	case fd.rd.waiting:
		rx.end = errno // EMFILE and the like; without a waiter the next accept will find it again
	}
	if fd.closing == nil && (len(fd.accept.queue) > 0 || rx.end != nil || rx.ring == nil) {
		fd.wakeFrom(&fd.rd, r)
	}
}

// accepted queues a connection and stops a multishot accept that nobody takes
// from.
func (fd *FD) accepted(r *ring, sysfd int) {
	if fd.closing != nil {
		unix.Close(sysfd)
		return
	}
	r.stat.accepts.Add(1)
	fd.accept.queue = append(fd.accept.queue, sysfd)
	if len(fd.accept.queue) < maxAccepted {
		return
	}
	if r := fd.cancelRx(); r != nil {
		fd.rx.rearm = true
		r.drv.kick(later)
	}
}

// dropAccepted closes the connections that nobody took. mu is held.
func (fd *FD) dropAccepted() {
	for _, sysfd := range fd.accept.queue {
		unix.Close(sysfd)
	}
	fd.accept.queue = nil
}
