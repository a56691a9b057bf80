package poller

import (
	"cmp"
	"io"
	"os"
	"syscall"
)

// Receiving when the FD is ready. A Read that knows of nothing waits at once; one that
// knows of something asks the kernel by recv(2). When several FDs whose Reads are parked
// become ready together, their loop receives for all of them by its ring, into the
// buffers of the Reads, in one enter. (A Read that waits apart is in state apart, and
// finds ready in the end.)
//
//	state of FD.rd    a Read
//	ready             asks by recv(2), then: more may be there -> ready, all taken -> idle
//	idle              waits
//	waiting, taken    is parked; in the end it was given bytes, or finds ready

// Read reads up to len(b) bytes, waiting until there is at least one. Errors:
// io.EOF, os.ErrDeadlineExceeded (also if bytes are there), ErrClosed, or a
// syscall.Errno.
func (fd *FD) Read(b []byte) (int, error) {
	fd.rd.lock.Lock()
	n, err := fd.read(b)
	fd.rd.lock.Unlock()
	return n, err
}

// read is Read with rd.lock held.
func (fd *FD) read(b []byte) (int, error) {
	for {
		if fd.life.closed() {
			return 0, fd.closing
		}
		if fd.ev.Load() != nil {
			return 0, errServed
		}
		if len(b) == 0 {
			return 0, nil
		}
		if fd.rd.expired.Load() {
			return 0, os.ErrDeadlineExceeded
		}
		if fd.arm != nil {
			if n, err, done := fd.readArmed(b); done {
				return n, err
			}
			continue
		}
		if fd.rd.state.Load() == ready || fd.asks.Load() {
			if n, err, done := fd.recv(b); done {
				return n, err
			}
		}
		fd.rx.want = b
		if err := fd.wait(&fd.rd); err != nil {
			return 0, err
		}
		fd.rx.want = nil
		if fd.rx.given {
			fd.rx.given = false
			return result(fd.rx.res)
		}
	}
}

// result is what a Read returns for a receive's result.
func result(res int32) (int, error) {
	switch {
	case res > 0:
		return int(res), nil
	case res == 0:
		return 0, io.EOF
	}
	return 0, syscall.Errno(-res)
}

// readArmed is one step of Read. done is false if it has to go on.
func (fd *FD) readArmed(b []byte) (n int, err error, done bool) {
	fd.rd.clear()
	fd.mu.Lock()
	a := fd.arm
	switch {
	case fd.closing != nil:
		fd.mu.Unlock()
		return 0, nil, false
	case len(a.queue) > 0:
		n = fd.take(b)
		fd.mu.Unlock()
		return n, nil, true
	case a.end != nil:
		err, a.end = a.end, nil
		fd.mu.Unlock()
		return 0, err, true
	case a.ring == nil && (a.off || a.direct):
		fd.mu.Unlock()
		done, failed := fd.once(func() (ok bool) {
			n, err, ok = fd.recv(b)
			return ok
		})
		return n, cmp.Or(failed, err), done
	}
	a.want = b
	fd.waitArmed()
	n = a.got
	a.want, a.got = nil, 0
	fd.mu.Unlock()
	return n, nil, n > 0
}

// waitArmed arms a receive unless one is and waits for a completion. mu is held, but
// not in between.
func (fd *FD) waitArmed() {
	var d *driven
	if a := fd.arm; a.ring == nil && !a.off {
		d = fd.armReceive(fd.p.current().driven)
	}
	fd.mu.Unlock()
	d.kick()
	fd.park(&fd.rd)
	fd.mu.Lock()
}
