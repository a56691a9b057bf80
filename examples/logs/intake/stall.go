package intake

// hold keeps what the store cannot take, and has it taken up again.
func (x *Session) hold(rest []byte) {
	x.keep(rest)
	x.arrived = x.in.now
	x.stalled = true
	x.srv.stats.Paused.Add(1)
	x.tellHeld(true)
	x.lane.Notify(x.resume)
}

// keep adds to what is held.
func (x *Session) keep(b []byte) {
	x.held = append(x.held, b...)
	x.ahead += len(b)
	x.srv.ahead.Add(int64(len(b)))
}

// holdBack pauses the peer of a session that is stalled. RELP's is read on for a
// while: a client that gives up waiting and connects again is noticed only so,
// and its old connections would add up. It sends no more than a window without
// acknowledgements anyway.
func (x *Session) holdBack() {
	if x.paused || x.proto == RELP && x.ahead <= x.srv.cfg.Ahead && x.srv.inUse() <= x.srv.cfg.Budget {
		return
	}
	x.pausePeer(&x.paused)
}

// goOn ends a stall. What is still held is dropped.
func (x *Session) goOn() {
	x.srv.ahead.Add(-int64(x.ahead))
	x.held, x.ahead, x.stalled = nil, 0, false
	x.srv.stats.Paused.Add(-1)
	x.restartTimeout()
	x.account()
	x.tellHeld(false)
}

// tellHeld tells a peer that wants to know it whether the session is stalled: it
// is not its client that is idle then.
func (x *Session) tellHeld(held bool) {
	if p, ok := x.peer.(interface{ Held(bool) }); ok {
		p.Held(held)
	}
}

// resume goes on where the store had no room. It runs on the store's notifier.
func (x *Session) resume() {
	x.mu.Lock()
	if !x.stalled { // it has ended, and dropped what it held
		x.mu.Unlock()
		return
	}
	if x.srv.cfg.Store.Err() != nil {
		x.stop() // what is held is lost, and was not acknowledged
	}
	if !x.closing {
		used, err := x.in.feed(x.held, x.arrived)
		x.held = x.held[used:]
		x.noteUnfinished()
		if x.in.refused {
			x.account()
			x.lane.Notify(x.resume)
			x.mu.Unlock()
			x.reply()
			return
		}
		if err != nil {
			x.refuse(err)
		}
	}
	x.goOn()
	switch {
	case x.ended:
		x.finish()
	case x.draining:
		x.hangUp()
	case x.expiring:
		x.stop()
	default:
		x.resumePeer(&x.paused)
	}
	x.mu.Unlock()
	x.reply()
	x.srv.relieved()
}
