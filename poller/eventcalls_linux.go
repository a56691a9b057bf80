package poller

import (
	"time"
)

// event returns the FD's event-driven half with mu locked, or why there is none.
func (fd *FD) event() (*eventState, error) {
	ev := fd.ev.Load()
	if ev == nil {
		return nil, errNotServed
	}
	fd.mu.Lock()
	return ev, nil
}

// PauseEvents stops calls of Data until ResumeEvents; what arrives meanwhile
// stays in the socket, but for what the kernel had received already.
func (fd *FD) PauseEvents() {
	ev, err := fd.event()
	if err != nil {
		return
	}
	defer fd.mu.Unlock()
	if ev.paused || fd.closing != nil {
		return
	}
	ev.paused = true
	if fd.arm != nil && fd.p.receive == ReceiveMultishot {
		if d := fd.cancelArmed(); d != nil {
			d.drv.Kick(driveLater)
		}
	}
}

// ResumeEvents undoes PauseEvents.
func (fd *FD) ResumeEvents() {
	ev, err := fd.event()
	if err != nil {
		return
	}
	defer fd.mu.Unlock()
	if !ev.paused {
		return
	}
	ev.paused = false
	fd.touch()
	if fd.closing == nil {
		fd.listReady(ev)
		ev.home.kick()
	}
}

// CloseEvents closes an event-driven FD when all that was pushed before has
// been sent, or after five seconds. It does not wait. Closed is called with
// ErrClosed. A second call returns ErrClosed.
func (fd *FD) CloseEvents() error {
	ev, err := fd.event()
	if err != nil {
		return err
	}
	defer fd.mu.Unlock()
	if fd.byUser {
		return ErrClosed
	}
	fd.byUser = true
	if fd.closing != nil {
		return nil
	}
	if !ev.ended {
		fd.finish(ev, ErrClosed)
		fd.listReady(ev)
		ev.home.kick()
	}
	return nil
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
