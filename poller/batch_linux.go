package poller

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

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
