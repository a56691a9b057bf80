package poller

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Receiving when the FD is ready. A Read that knows of nothing parks at once; one that
// knows of something asks the kernel by recv(2). When several FDs whose Reads are parked
// become ready together, their loop receives for all of them by its ring, into the
// buffers of the Reads, in one enter.
//
//	state of FD.rd    a Read
//	ready             asks by recv(2), then: more may be there -> ready, all taken -> idle
//	idle              waits
//	waiting, taken    is parked; in the end it was given bytes, or finds ready

// rxState is the receiving half of an FD that is ready. It belongs to whoever holds
// rd.lock; while the state is taken, to the loop.
type rxState struct {
	want   []byte // the buffer of the Read that waits; nil: it does not want to be given bytes
	res    int32
	given  bool // the loop has received for it, with res
	drains drainage
}

// drainage says whether a receive that brings less than it was asked for has taken
// all there was.
type drainage uint8

const (
	drainsUnknown drainage = iota
	drains                 // plain TCP
	drainsNot              // unix sockets stop at control data, others are not known
)

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
		if fd.rd.state.Load() == ready || fd.asks.Load() || fd.alone() {
			if n, err, done := fd.recv(b); done {
				return n, err
			}
		}
		if err := fd.watch(watchedIn); err != nil {
			return 0, err
		}
		fd.rx.want = b
		fd.park(&fd.rd)
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

// recv asks the kernel by recv(2). done is false if nothing was there, or the FD is
// closed. The state was cleared before; where more may be there it is ready again.
func (fd *FD) recv(b []byte) (n int, err error, done bool) {
	st := &fd.p.current().stat
	fd.rd.clear()
	if !fd.use() {
		return 0, nil, false
	}
	defer fd.unuse()
	for {
		n, full, errno := fd.p.recv(fd.sysfd, b)
		st.recvs.Add(1)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			st.recvMisses.Add(1)
			return 0, nil, false
		case errno != 0:
			fd.rd.note() // what follows has no edge
			return 0, errno, true
		case n == 0:
			fd.rd.note()
			return 0, io.EOF, true
		}
		if full || !fd.drained() {
			fd.rd.note()
		}
		st.bytesIn.Add(uint64(n))
		fd.touch()
		return n, nil, true
	}
}

// drained reports whether a receive that has brought less than it was asked for has taken
// all there was, and what comes has an edge: that can be said of plain TCP, as long as
// the FD is watched and no flag was seen that is set but once.
func (fd *FD) drained() bool {
	if fd.asks.Load() || fd.watched.Load() == 0 {
		return false
	}
	if fd.rx.drains == drainsUnknown {
		fd.rx.drains = drainsNot
		// (An MPTCP socket says IPPROTO_MPTCP.)
		if proto, err := unix.GetsockoptInt(fd.sysfd, unix.SOL_SOCKET, unix.SO_PROTOCOL); err == nil && proto == unix.IPPROTO_TCP {
			fd.rx.drains = drains
		}
	}
	return fd.rx.drains == drains
}

// receive queues the receive for a Read whose wait was taken. It reports false if
// there is none: the Read goes on by itself.
func (fd *FD) receive(l *loop) bool {
	want := fd.rx.want // read before use, which orders it before whoever reaps
	if want == nil || !fd.use() {
		fd.rd.give(ready)
		return false
	}
	fd.pushReceive(l, want)
	return true
}

// pushReceive queues a receive into want, the buffer of the Read that waits. The FD is
// used.
func (fd *FD) pushReceive(l *loop, want []byte) {
	fd.push(l.ring, ring.Request{
		Op: abi.OpcodeRecv, Addr: ring.AddrOf(want), Len: uint32(min(len(want), maxTransfer)),
		RWFlag: unix.MSG_DONTWAIT, User: fd.user(slots.OpRecv),
	})
}

// received takes the completion of that receive. It reports whether the Read was
// woken.
func (fd *FD) received(l *loop, res int32) bool {
	if ev := fd.ev.Load(); ev != nil {
		fd.eventReceived(l, ev, res)
		return false
	}
	// (It also orders what follows after the Read that waits, whoever reaps.)
	if st := fd.rd.state.Load(); st != taken && st != again {
		fd.p.unexpected(l.c, slots.OpRecv, syscall.Errno(max(-res, 0)))
		return false
	}
	want := fd.rx.want
	switch errno := syscall.Errno(-res); {
	case res < 0 && errno == syscall.EAGAIN:
		if !fd.rd.untake() { // an edge has come meanwhile
			fd.pushReceive(l, want)
			return false
		}
		fd.unuse()
		if fd.hurried(&fd.rd) {
			fd.rd.evict()
		}
		return false
	case res < 0 && transient(errno):
		fd.unuse()
		fd.rd.give(ready) // the Read asks for itself
		return true
	}
	next := ready
	if st := &l.c.stat; res > 0 {
		st.receives.Add(1)
		st.bytesIn.Add(uint64(res))
		fd.touch()
		// (The seam for tests makes receives short that are not.)
		if int(res) < len(want) && fd.p.seam == nil && fd.drained() {
			next = idle
		}
	}
	fd.rx.given, fd.rx.res = true, res
	fd.unuse()
	fd.rd.give(next)
	return true
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
		if err := fd.watch(watchedIn); err != nil {
			return -1, err
		}
		fd.park(&fd.rd)
	}
}

// accept is accept4(2); done is false if no connection was there. Listeners are always
// asked: other processes may accept on the same socket.
func (fd *FD) accept() (sysfd int, err error, done bool) {
	fd.rd.clear()
	if !fd.use() {
		return -1, nil, false
	}
	defer fd.unuse()
	for {
		sysfd, errno := abi.Accept(fd.sysfd, acceptFlags)
		switch errno {
		case 0:
			fd.p.current().stat.accepts.Add(1)
			return sysfd, nil, true
		case syscall.EINTR, syscall.ECONNABORTED:
			continue
		case syscall.EAGAIN:
			return -1, nil, false
		default:
			return -1, errno, true
		}
	}
}
