package poller

import (
	"time"

	"golang.org/x/sys/unix"
)

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

// Closed reports whether Close was called.
func (fd *FD) Closed() bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.byUser
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
	fd.np.end()
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

// hangEvents is the event-driven part of hang.
func (fd *FD) hangEvents(ev *eventState) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if !ev.busy {
		fd.dropOut(ev)
	}
	fd.listReady(ev)
	ev.home.kick()
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

// shutdown closes FDs together: all are sent away before any is waited for.
func (p *Poller) shutdown(fds []*FD, why error) {
	for _, fd := range fds {
		fd.hang(why)
	}
	for _, fd := range fds {
		fd.settle()
	}
}

// finish ends an FD: no more Data; what was pushed is still sent. mu is held.
func (fd *FD) finish(ev *eventState, why error) {
	if ev.ended {
		return
	}
	ev.ended, ev.why = true, why
	if ev.sending != nil || ev.out != nil {
		fd.p.outside(func() {
			ev.linger = time.AfterFunc(closeLinger, func() { fd.shutdown(ErrClosed) })
		})
		return
	}
	fd.hangUp(ev)
}

// hangUp closes the descriptor, on a goroutine of its own: it may wait for the
// kernel, whose completions the caller has to reap. mu is held.
func (fd *FD) hangUp(ev *eventState) {
	if ev.linger != nil {
		ev.linger.Stop()
	}
	fd.p.outside(func() { go fd.shutdown(ErrClosed) })
}

// closeLinger is how long a closed event-driven connection goes on sending what
// was written before.
const closeLinger = 5 * time.Second

// endTasks cancels what callers still wait for and returns when they have gone.
// No new ones can come.
func (p *Poller) endTasks() {
	gone := p.newChan()
	if !p.calls.end(gone) {
		return
	}
	p.repeat(gone, func() {
		p.cancelTasks()
		p.fds.Each((*FD).abortZeroCopy)
	})
}
