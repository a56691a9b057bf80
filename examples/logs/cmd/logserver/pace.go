package main

import (
	"sync"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/guard"
)

// paceCheck is how long a connection waits for its source's rate before it asks
// again: the rate may have been changed meanwhile.
const paceCheck = time.Second

// rateWait is how a connection that has a goroutine waits for its source's rate:
// in Read.
type rateWait struct {
	ticket *guard.Ticket
	closed chan struct{} // closed when the connection is
	again  chan struct{} // has it look again at once
}

func newRateWait(t *guard.Ticket) rateWait {
	return rateWait{t, make(chan struct{}), make(chan struct{}, 1)}
}

// Received is told how many logs came.
func (r *rateWait) Received(n int) { r.ticket.Take(n) }

// await returns when the source may send again; slowed is called if it may not
// at first.
func (r *rateWait) await(slowed func()) {
	for first := true; ; first = false {
		d := r.ticket.Wait()
		if d == 0 {
			return
		}
		if first {
			slowed()
		}
		t := time.NewTimer(min(d, paceCheck))
		select {
		case <-t.C:
		case <-r.again:
		case <-r.closed:
			t.Stop()
			return
		}
		t.Stop()
	}
}

// hurry has await look again.
func (r *rateWait) hurry() {
	select {
	case r.again <- struct{}{}:
	default:
	}
}

// pausable is a connection that can be paused.
type pausable interface {
	Pause()
	Resume()
}

// A pacer pauses a connection whose bytes come as events, for two reasons that do
// not know of each other: its session is stalled, or its source is over its rate.
// It goes on when neither is there. The fields below mu are guarded by it.
type pacer struct {
	ticket *guard.Ticket
	conn   pausable
	slowed func(bool) // told when the rate begins to hold it back, and when it ends

	mu      sync.Mutex
	stalled bool
	pausing bool // for the rate
	ended   bool
	timer   *time.Timer // runs look while pausing
}

// Received is told how many logs came.
func (p *pacer) Received(n int) {
	d := p.ticket.Take(n)
	if d == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pausing || p.ended {
		return
	}
	p.pausing = true
	p.conn.Pause()
	p.timer = time.AfterFunc(min(d, paceCheck), p.look)
	p.slowed(true)
}

// look goes on if the source may send again.
func (p *pacer) look() {
	d := p.ticket.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.pausing || p.ended {
		return
	}
	if d > 0 {
		p.timer.Reset(min(d, paceCheck))
		return
	}
	p.pausing = false
	p.timer.Stop()
	p.slowed(false)
	if !p.stalled {
		p.conn.Resume()
	}
}

// stall pauses for the session.
func (p *pacer) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = true
	p.conn.Pause()
}

// unstall ends stall.
func (p *pacer) unstall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = false
	if !p.pausing {
		p.conn.Resume()
	}
}

// end says that the connection has ended.
func (p *pacer) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	if p.timer != nil {
		p.timer.Stop()
	}
}
