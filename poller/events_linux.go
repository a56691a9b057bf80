package poller

import (
	"sync"
	"sync/atomic"

	"github.com/uringnet/go-uringnet/internal/ring"
)

// eventQueue is what event-driven FDs have for one goroutine at a time to do: that of
// a loop, or of a ring that owns them. Whoever reaps, reports or writes adds; only those
// who drive run handlers, never a goroutine that waits in a call of its own.
type eventQueue struct {
	loop   *loop   // whose it is; nil: driven's
	driven *driven // whose it is; nil: loop's
	kick   func()  // has it run soon; callable with an FD's mu held

	running sync.Mutex // held while handlers run; above every other lock

	mu    sync.Mutex // innermost
	ready []*FD      // guarded by mu: something was received, or ended, or can be
	out   []*FD      // guarded by mu: something was written
	n     atomic.Int32
	// handling is set while handlers run, after which out is looked at. Guarded by mu.
	handling bool

	spare   [2][]*FD // guarded by running: emptied lists
	scratch []byte   // guarded by running: what recv(2) reads into
	slabs   []byte   // guarded by running: what the ring receives into
}

// addReady and addOut put an FD on a list. handled reports whether handlers run, whose
// caller will come to it by itself.
func (q *eventQueue) addReady(fd *FD) {
	q.mu.Lock()
	q.ready = append(q.ready, fd)
	q.mu.Unlock()
	q.n.Add(1)
}

func (q *eventQueue) addOut(fd *FD) (handled bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.out = append(q.out, fd)
	q.n.Add(1)
	return q.handling
}

// waiting reports whether there is something to run.
func (q *eventQueue) waiting() bool { return q.n.Load() > 0 }

// takeReady and takeOut return a list and leave an empty one. running is held.
func (q *eventQueue) takeReady() []*FD {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.ready
	q.ready, q.handling = q.spare[0][:0], true
	q.n.Add(-int32(len(list)))
	return list
}

func (q *eventQueue) takeOut() []*FD {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.out
	q.out, q.handling = q.spare[1][:0], false
	q.n.Add(-int32(len(list)))
	return list
}

// run calls the handlers of the FDs that are ready and makes or queues the sends and
// receives that follow. It is called without locks, by the goroutines that drive. The
// caller submits what was queued, if it reports that there was something to run, and
// comes again if something is left.
func (q *eventQueue) run() bool {
	if !q.waiting() {
		return false
	}
	q.running.Lock()
	defer q.running.Unlock()
	for n := 0; n < eventRounds && q.waiting(); n++ {
		list := q.takeReady()
		for rest := list; len(rest) > 0; {
			group := rest[:min(len(rest), eventGroup)]
			rest = rest[len(group):]
			q.receive(group)
			for _, fd := range group {
				fd.runReady(q)
			}
		}
		clear(list)
		q.spare[0] = list
		list = q.takeOut()
		q.send(list)
		clear(list)
		q.spare[1] = list
	}
	return true
}

// runAll is run until nothing is left.
func (q *eventQueue) runAll() {
	for q.run() {
	}
}

// receive receives by the loop's ring for FDs that are ready together: in one enter,
// each into a buffer of the queue's own. runReady passes on what has come.
func (q *eventQueue) receive(group []*FD) {
	if q.loop == nil || q.loop.ring == nil || len(group) < ringReceives {
		return
	}
	if q.slabs == nil {
		q.slabs = make([]byte, eventGroup*eventSlab)
	}
	for i, fd := range group {
		fd.receiveEvent(q.loop, q.slabs[i*eventSlab:(i+1)*eventSlab])
	}
	q.loop.transfer()
}

// send sends what was written on FDs: by the ring that owns them, by the loop's ring if
// they are several, or by send(2).
func (q *eventQueue) send(list []*FD) {
	var r *ring.Ring
	switch {
	case q.loop == nil && len(list) > 0:
		r = q.driven.Ring
	case q.loop != nil && len(list) >= ringReceives:
		r = q.loop.ring
	}
	for _, fd := range list {
		fd.flushOut(r)
	}
	if q.loop != nil && r != nil {
		q.loop.transfer()
	}
}
