package poller

import "errors"

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

// listReady puts the FD on its home's list. mu is held.
func (fd *FD) listReady(ev *eventState) {
	if !ev.listed {
		ev.listed = true
		ev.home.addReady(fd)
	}
}

// listOut puts the FD on its home's list of output. mu is held.
func (fd *FD) listOut(ev *eventState) (handled bool) {
	if ev.dirty {
		return true
	}
	ev.dirty = true
	return ev.home.addOut(fd)
}

// held reports whether nothing is to be received now.
func (ev *eventState) held() bool { return ev.paused || ev.unsent() > maxOut }

// unsent is how many bytes were pushed that the kernel has not taken.
func (ev *eventState) unsent() int {
	n := 0
	if ev.out != nil {
		n += len(ev.out.B)
	}
	if ev.sending != nil {
		n += len(ev.sending.B) - ev.gone
	}
	return n
}

// event returns the FD's event-driven half with mu locked, or why there is none.
func (fd *FD) event() (*eventState, error) {
	ev := fd.ev.Load()
	if ev == nil {
		return nil, errNotServed
	}
	fd.mu.Lock()
	return ev, nil
}

// Errors of Serve and of calls on an FD that it has handed over, or has not.
var (
	errServed    = errors.New("poller: the FD is event-driven")
	errNotServed = errors.New("poller: the FD is not event-driven")
	errReading   = errors.New("poller: a Read is in flight")
	errWriting   = errors.New("poller: a Write is in flight")
)

func (fd *FD) dropSending(ev *eventState) {
	fd.p.elastic.Put(ev.sending)
	ev.sending, ev.gone = nil, 0
}

// dropOut gives up all output. No send is in a ring. mu is held.
func (fd *FD) dropOut(ev *eventState) {
	if ev.sending != nil {
		fd.dropSending(ev)
	}
	if ev.out != nil {
		fd.p.elastic.Put(ev.out)
		ev.out = nil
	}
}
