package poller

import (
	"sync"
	"sync/atomic"
)

// eventQueue is what a ring's event-driven FDs have for its goroutine to do.
// Whoever reaps or writes adds; only the driver's own goroutines run handlers,
// never a goroutine that waits in a call of its own.
type eventQueue struct {
	run sync.Mutex // held while handlers run; above every other lock

	mu    sync.Mutex // innermost
	ready []*FD      // guarded by mu: something was received, or ended
	out   []*FD      // guarded by mu: something was written
	n     atomic.Int32
	spare [2][]*FD // guarded by run: emptied lists

	scratch []byte // guarded by run: what recv(2) reads into
}

// scratchSize is how much an event-driven connection reads by recv(2) at once,
// where there are no provided buffers or none is left.
const scratchSize = 64 << 10

// eventRounds bounds how often the queue is emptied before the ring is
// submitted again.
const eventRounds = 4

func (q *eventQueue) addReady(fd *FD) {
	q.mu.Lock()
	q.ready = append(q.ready, fd)
	q.mu.Unlock()
	q.n.Add(1)
}

func (q *eventQueue) addOut(fd *FD) {
	q.mu.Lock()
	q.out = append(q.out, fd)
	q.mu.Unlock()
	q.n.Add(1)
}

// waiting reports whether there is something to run.
func (q *eventQueue) waiting() bool { return q.n.Load() > 0 }

// take returns what is there and leaves empty lists. run is held.
func (q *eventQueue) take() (ready, out []*FD) {
	q.mu.Lock()
	defer q.mu.Unlock()
	ready, out = q.ready, q.out
	q.ready, q.out = q.spare[0][:0], q.spare[1][:0]
	q.n.Add(-int32(len(ready) + len(out)))
	return ready, out
}

// give takes lists back for the next round.
func (q *eventQueue) give(ready, out []*FD) {
	clear(ready)
	clear(out)
	q.spare[0], q.spare[1] = ready, out
}

// runEvents calls the handlers of the ring's event-driven FDs and queues the
// sends and receives that follow. It is called without locks, by the goroutines
// that drive the ring. The caller submits what was pushed, if it reports that
// there was something to run.
func (r *ring) runEvents() bool {
	q := &r.events
	if !q.waiting() {
		return false
	}
	q.run.Lock()
	defer q.run.Unlock()
	for range eventRounds {
		if !q.waiting() {
			break
		}
		ready, out := q.take()
		for _, fd := range ready {
			fd.runReady(q)
		}
		for _, fd := range out {
			fd.flushOut()
		}
		q.give(ready, out)
	}
	return true
}
