package poller

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/epoll"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/rt"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// FD is a stream socket. All its methods may be called from any
// goroutine at the same time: reads wait for each other, and so do writes.
//
// It receives in one of two ways: when it is ready (ready_linux.go), as each FD does
// in Shared mode, or by a request that stays armed (armed_linux.go).
type FD struct {
	// What each call looks at comes first, in one cache line; then what readers,
	// and what writers use.
	p        *Poller
	sysfd    int // whoever is counted in life may use it
	life     life
	place    slots.Place
	ev       atomic.Pointer[eventState]
	loop     atomic.Pointer[loop] // which reports on it, nil: none yet; written with mu held
	arm      *armed               // nil: it receives when it is ready; guarded by mu, and written with rd.lock held
	watched  atomic.Uint32        // what loop reports: written with mu held
	asks     atomic.Bool          // edges do not tell all: the kernel is asked each time, as std does
	listener bool
	fixed    bool // it has an entry in the rings' file tables

	rd side
	rx rxState
	wr side
	tx txState

	active atomic.Int64 // when bytes last moved, rt.Nanotime; kept only with IdleTimeout

	// mu guards what follows, and the deadlines of rd and wr. It is held for short:
	// by the callers of methods, by completions, by timers.
	mu      sync.Mutex
	closing error // nil while open; what calls return afterwards. Written once, before life is closed
	byUser  bool  // Close was called (and not only the poller's own shutdown)
	quiet   []chan struct{}
	chains  []*chainRun // requests of chains, each with its chain
	moved   uint64      // by chains, as far as the sweeper knows
}

// Bits of FD.watched.
const (
	watchedIn  = 1
	watchedOut = 2
)

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

// watch has the FD's readiness reported, and with out that it can be written to. It
// is called before the first wait: what happens from then on, or has happened since
// the kernel was asked, is noted.
func (fd *FD) watch(bits uint32) error {
	if fd.watched.Load()&bits == bits {
		return nil
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.watchLocked(bits)
}

// watchLocked is watch with mu held.
func (fd *FD) watchLocked(bits uint32) error {
	bits |= fd.watched.Load()
	if fd.closing != nil || fd.watched.Load() == bits {
		return nil
	}
	u := slots.MakeUserData(fd.place, slots.OpNone)
	var err error
	if l := fd.loop.Load(); l != nil {
		err = l.set.Widen(fd.sysfd, u)
	} else if l, err = fd.p.loopOf(fd); err == nil {
		if err = l.set.Add(fd.sysfd, u, bits&watchedOut != 0); err == nil {
			fd.loop.Store(l)
		}
	}
	if err == nil {
		fd.watched.Store(bits)
	}
	return ring.Errno(err)
}

// unwatch ends the reports. mu is held.
func (fd *FD) unwatch() {
	if l := fd.loop.Swap(nil); l != nil {
		_ = l.set.Del(fd.sysfd)
		fd.watched.Store(0)
	}
}

// unwatchIn ends the reports, unless somebody waits by them for room. mu is held.
func (fd *FD) unwatchIn() {
	if fd.watched.Load()&watchedOut == 0 {
		fd.unwatch()
	}
}

// edge takes a report of its loop. It reports whether it has queued a receive on the
// loop's ring, which it may with batch.
func (fd *FD) edge(l *loop, flags uint32, batch bool) (queued bool) {
	if flags&epoll.Last != 0 {
		fd.asks.Store(true)
	}
	ev := fd.ev.Load()
	if flags&(epoll.Out|epoll.Hup) != 0 {
		if ev != nil {
			fd.roomy(ev, l)
		}
		fd.wr.note()
	}
	if flags&(epoll.In|epoll.Last) == 0 {
		return false
	}
	if ev != nil {
		fd.readable(ev, l)
		return false
	}
	if batch && fd.rd.take() {
		return fd.receive(l)
	}
	fd.rd.note()
	return false
}

// Close closes the FD: it wakes every caller with ErrClosed, cancels what the
// kernel has in hand, waits until it has let go, and closes the descriptor. A
// second Close returns ErrClosed.
func (fd *FD) Close() error {
	fd.mu.Lock()
	if fd.byUser {
		fd.mu.Unlock()
		return ErrClosed
	}
	fd.byUser = true
	fd.mu.Unlock()
	fd.shutdown(ErrClosed)
	return nil
}

// shutdown closes the FD with the error that calls are to return from then
// on. If somebody else is closing it, it waits until the kernel has let go.
func (fd *FD) shutdown(why error) {
	fd.hang(why)
	fd.settle()
}

// hang begins to close the FD: nobody comes any more, and who is there is sent away.
// It does not wait.
func (fd *FD) hang(why error) {
	fd.mu.Lock()
	if fd.closing != nil {
		fd.mu.Unlock()
		return
	}
	fd.closing = why
	fd.life.add(user) // until the end of hang
	fd.life.close()
	fd.rd.due.stop()
	fd.wr.due.stop()
	var kicks [2]*driven
	if fd.arm != nil {
		kicks[0] = fd.endArmed()
	}
	kicks[1] = fd.cancelZeroCopy()
	chained := len(fd.chains) > 0 // none comes now that closing is set
	fd.mu.Unlock()
	if chained {
		// A cancellation does not find requests that wait for their turn in a
		// chain: they, and a receive or send that waits, meet the end here.
		_ = unix.Shutdown(fd.sysfd, unix.SHUT_RDWR)
	}
	fd.rd.evict()
	fd.wr.evict()
	if ev := fd.ev.Load(); ev != nil {
		fd.hangEvents(ev)
	}
	for _, d := range kicks {
		d.kick()
	}
	fd.unuse()
}

// settle returns when no user is left of an FD that was hung, and the descriptor is
// closed, if there is no guest either.
func (fd *FD) settle() {
	fd.mu.Lock()
	if !fd.life.quiet() {
		quiet := fd.p.newChan()
		fd.quiet = append(fd.quiet, quiet)
		chained := len(fd.chains) > 0
		armedListener := fd.listener && fd.arm != nil
		fd.mu.Unlock()
		if chained {
			fd.endChains(quiet)
		} else {
			<-quiet
		}
		if armedListener {
			fd.p.settle()
		}
	} else {
		fd.mu.Unlock()
	}
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
	unix.Close(fd.sysfd)
	fd.sysfd = -1
}

// Closed reports whether Close was called.
func (fd *FD) Closed() bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.byUser
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
	q.FD = int32(fd.sysfd)
	if fd.fixed {
		q.FD = int32(fd.place.Slot)
		q.Flags |= abi.SQEFixedFile
	}
	r.Push(q)
}

// user returns the user_data of the FD's request of that kind.
func (fd *FD) user(op slots.Op) slots.UserData { return slots.MakeUserData(fd.place, op) }

// touch notes that bytes have moved.
func (fd *FD) touch() {
	if fd.p.sweep != nil {
		fd.active.Store(rt.Nanotime())
	}
}
