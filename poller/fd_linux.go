package poller

import (
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/rt"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// sides makes the sides know whose they are.
func (fd *FD) sides() {
	fd.rd.np, fd.wr.np = &fd.np, &fd.np
	fd.wr.writes = true
}

// use lets the caller use the descriptor until unuse: for a system call that does not
// wait, or a request.
func (fd *FD) use() bool { return fd.life.enter(user) }

func (fd *FD) unuse() {
	if fd.life.leave(user) {
		fd.quieten()
	}
}

// visit lets the caller use the descriptor until depart, for any time.
func (fd *FD) visit() error {
	if !fd.life.enter(guest) {
		return fd.closing
	}
	return nil
}

func (fd *FD) depart() {
	fd.life.leave(guest)
	if fd.life.over() {
		fd.destroy()
	}
}

// quieten is called when the last user of a closed FD has gone.
func (fd *FD) quieten() {
	fd.mu.Lock()
	for _, ch := range fd.quiet {
		ch <- struct{}{}
	}
	fd.quiet = nil
	fd.mu.Unlock()
	fd.destroy()
}

// destroy closes the descriptor and frees the slot, if nobody uses them any more.
func (fd *FD) destroy() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.sysfd < 0 || !fd.life.over() {
		return
	}
	fd.unwatch()
	fd.np.leave()
	if fd.fixed {
		fd.dropFile()
	}
	fd.p.fds.Drop(fd.place)
	if fd.arm != nil && fd.arm.unread {
		// As the kernel does when bytes were left unread in the socket
		// (__tcp_close, net/ipv4/tcp.c): the peer is to know that they are
		// lost, by a reset.
		_ = unix.SetsockoptLinger(fd.sysfd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	if !fd.foreign {
		unix.Close(fd.sysfd)
	}
	fd.sysfd = -1
}

// Shutdown shuts down a side of the socket: unix.SHUT_RD, SHUT_WR, SHUT_RDWR.
func (fd *FD) Shutdown(how int) error {
	if !fd.use() {
		return fd.closing
	}
	defer fd.unuse()
	return unix.Shutdown(fd.sysfd, how)
}

// push queues a request on the FD: on its entry in the tables, or on its
// descriptor. The caller has made the request a user.
func (fd *FD) push(r *ring.Ring, q ring.Request) {
	fd.aim(&q)
	r.Push(q)
}

// aim makes a request one on the FD.
func (fd *FD) aim(q *ring.Request) {
	q.FD = int32(fd.sysfd)
	if fd.fixed {
		q.FD = int32(fd.place.Slot)
		q.Flags |= abi.SQEFixedFile
	}
}

// user returns the user_data of the FD's request of that kind.
func (fd *FD) user(op slots.Op) slots.UserData { return slots.MakeUserData(fd.place, op) }

// touch notes that bytes have moved.
func (fd *FD) touch() {
	if fd.p.sweep != nil {
		fd.active.Store(rt.Nanotime())
	}
}
