package poller

import (
	"github.com/uringnet/go-uringnet/internal/ring"
)

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

// Work implements drive.Client.
func (c *core) Work() bool { return c.events.run() }

// Waiting implements drive.Client.
func (c *core) Waiting() bool { return c.events.waiting() }
