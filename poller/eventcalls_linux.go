package poller

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
