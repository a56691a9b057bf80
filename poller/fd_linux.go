package poller

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// FD is a stream socket on the rings. All its methods may be called from any
// goroutine at the same time: reads wait for each other, and so do writes.
type FD struct {
	p     *Poller
	sysfd int
	place
	listener bool
	fixed    bool // it has an entry in the rings' file tables

	rl sync.Mutex // serialises Read, Accept and RawRead
	wl sync.Mutex // serialises Write, Writev and RawWrite

	// mu guards all below. It is held for short: by the callers of methods
	// between parks, by completions, by timers.
	mu      sync.Mutex
	closing error         // nil while open; what calls return afterwards
	byUser  bool          // Close was called (and not only the poller's own shutdown)
	reqs    int           // requests in the kernel that use sysfd
	refs    int           // callers outside the kernel that use sysfd without mu
	quiet   chan struct{} // made by shutdown; closed when reqs falls to 0
	chains  []*chainRun   // of reqs: those of chains, each with its chain
	unread  bool          // bytes received ahead were dropped because of closing
	ahead   bool          // receives may be armed before a Read asks

	woke   *ring       // that has woken the FD's goroutine, which has not come back
	ev     *eventState // nil: a blocking FD
	rx     rxState
	tx     txState
	accept acceptState
	rd, wr side
	active int64 // when bytes last moved, nanotime; kept only with IdleTimeout
}

// side is what the readers, or the writers, of an FD wait with.
type side struct {
	deadline
	// ch is the completion channel, made by the first wait. It holds one
	// token exactly when waiting was set and somebody cleared it.
	ch      chan struct{}
	waiting bool
}

// park waits for wake. mu is held on entry and on return, not in between;
// before waiting it runs kick, which may submit and reap.
func (fd *FD) park(s *side, r *ring) {
	if s.ch == nil {
		s.ch = make(chan struct{}, 1)
	}
	s.waiting = true
	u := fd.back()
	fd.mu.Unlock()
	if r != nil {
		r.drv.kick(u)
	}
	<-s.ch
	fd.mu.Lock()
}

// wake ends the wait of the goroutine parked on s, if one is. mu is held.
// It reports whether one was.
func (s *side) wake() bool {
	if !s.waiting {
		return false
	}
	s.waiting = false
	s.ch <- struct{}{}
	return true
}

// wakeFrom is wake of a side of fd for a completion that ring r reaps: r counts
// the goroutines that it has woken until they come back.
func (fd *FD) wakeFrom(s *side, r *ring) {
	if s.wake() {
		r.woken++
		fd.woke = r
	}
}

// back notes that a goroutine comes with a request, and says how urgent that is.
// It may have been woken by another ring than that which it comes to. mu is held.
func (fd *FD) back() urgency {
	r := fd.woke
	if r == nil {
		return alone
	}
	fd.woke = nil
	if r.expect.Add(-1) > 0 {
		return soon
	}
	return alone
}

// began and ended count a request that uses sysfd. mu is held.
func (fd *FD) began() { fd.reqs++ }

func (fd *FD) ended() {
	fd.reqs--
	if fd.reqs == 0 && fd.quiet != nil {
		close(fd.quiet)
	}
}

// ref lets a caller use sysfd without mu until unref. mu is held.
func (fd *FD) ref() error {
	if fd.closing != nil {
		return fd.closing
	}
	fd.refs++
	return nil
}

// unref ends a ref. The last one closes a descriptor that Close had to leave.
// mu is not held.
func (fd *FD) unref() {
	fd.mu.Lock()
	fd.refs--
	last := fd.refs == 0 && fd.closing != nil && fd.reqs == 0 && fd.sysfd >= 0 && fd.quiet == nil
	fd.mu.Unlock()
	if last {
		fd.destroy()
	}
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
	fd.mu.Lock()
	if fd.closing != nil {
		quiet := fd.quiet
		fd.mu.Unlock()
		if quiet != nil {
			<-quiet
		}
		return
	}
	fd.uncork() // a reset, or a duplicate that stays open, would not send it
	fd.closing = why
	fd.rd.stop()
	fd.wr.stop()
	fd.unread = fd.ahead && len(fd.rx.queue) > 0
	fd.dropReceived()
	fd.dropAccepted()
	kicks := [2]*ring{fd.cancelRx(), fd.cancelTx()}
	fd.rd.wake()
	fd.wr.wake() // a paused RawWrite; a parked writer has a request, whose end wakes it
	if fd.ev != nil {
		fd.stopEvents()
	}
	chained := len(fd.chains) > 0 // none comes now that closing is set
	if chained {
		// A cancellation does not find requests that wait for their turn in a
		// chain: they, and a receive or send that waits, meet the end here.
		_ = unix.Shutdown(fd.sysfd, unix.SHUT_RDWR)
	}
	if fd.reqs > 0 {
		quiet := make(chan struct{})
		fd.quiet = quiet
		fd.mu.Unlock()
		for _, r := range kicks {
			if r != nil {
				r.drv.kick(alone)
			}
		}
		if chained {
			fd.endChains(quiet)
		}
		<-quiet
		if fd.listener {
			fd.p.settle()
		}
		fd.mu.Lock()
		fd.quiet = nil
	}
	last := fd.refs == 0
	fd.mu.Unlock()
	if last {
		fd.destroy()
	}
}

// destroy closes the descriptor and frees the slot. Nobody uses them any more.
func (fd *FD) destroy() {
	fd.mu.Lock()
	sysfd := fd.sysfd
	fd.sysfd = -1
	fd.mu.Unlock()
	if fd.fixed {
		fd.dropFile()
	}
	fd.p.slots.drop(fd.place)
	if sysfd < 0 {
		return
	}
	if fd.unread {
		// As the kernel does when bytes were left unread in the socket
		// (__tcp_close, net/ipv4/tcp.c): the peer is to know that they are
		// lost, by a reset.
		_ = unix.SetsockoptLinger(sysfd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	unix.Close(sysfd)
}

// Closed reports whether Close was called.
func (fd *FD) Closed() bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.byUser
}

// user returns the user_data of the FD's request of that kind.
func (fd *FD) user(op Op) userData { return makeUserData(fd.slot, fd.gen, op) }

// Shutdown shuts down a side of the socket: unix.SHUT_RD, SHUT_WR, SHUT_RDWR.
func (fd *FD) Shutdown(how int) error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.closing != nil {
		return fd.closing
	}
	return unix.Shutdown(fd.sysfd, how)
}

// touch notes that bytes have moved. mu is held.
func (fd *FD) touch() {
	if fd.p.sweep != nil {
		fd.active = nanotime()
	}
}

var epoch = time.Now()

// nanotime is the monotonic clock, in nanoseconds.
func nanotime() int64 { return int64(time.Since(epoch)) }
