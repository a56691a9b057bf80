package poller

import (
	"sync"
	"sync/atomic"
	"time"
)

// task is a request whose caller waits for it: of a File or a Chain.
type task struct {
	place
	wait *waiter
	run  *chainRun // whose request it is; nil: nobody's
	fd   *FD       // whose descriptor it uses; nil for a file's
	buf  []byte    // the request's memory, kept on the heap and alive
	res  int32     // written before wait is told
}

// waiter is a caller that waits for its tasks.
type waiter struct {
	left atomic.Int32
	done chan struct{} // gets a token when left falls to 0
}

// single is a caller with one task. They are reused.
type single struct {
	waiter
	task
	timer *time.Timer
}

var singles = sync.Pool{New: func() any {
	s := &single{timer: time.NewTimer(rerunAfter)}
	s.timer.Stop()
	s.done = make(chan struct{}, 1)
	s.wait = &s.waiter
	return s
}}

// enter lets a caller make tasks until p.calls.Done.
func (p *Poller) enter() error {
	p.opening.RLock()
	defer p.opening.RUnlock()
	if p.closing {
		return ErrClosed
	}
	p.calls.Add(1)
	return nil
}

// do runs one request, again when it was interrupted, and returns its result. buf is
// the request's memory.
// An error says that the poller is closed.
func (p *Poller) do(q request, buf []byte) (int32, error) {
	if err := p.enter(); err != nil {
		return 0, err
	}
	defer p.calls.Done()
	s := singles.Get().(*single)
	r := p.current()
	s.buf = buf
	patience := p.patience
	for {
		s.left.Store(1)
		q.user = p.newTask(&s.task)
		r.push(q)
		r.drv.kick(alone)
		cancelled := s.await(r, q.user, &patience)
		if !p.again(s.res, cancelled) {
			break
		}
		if cancelled {
			r.stat.reruns.Add(1)
		}
	}
	res := s.res
	s.buf = nil
	singles.Put(s)
	return res, nil
}

// newTask gives a task its place and returns its user_data.
func (p *Poller) newTask(t *task) userData {
	// The table has room for four million: as many goroutines would wait.
	if !p.tasks.put(t, &t.place) {
		panic("poller: too many requests at once")
	}
	return t.user()
}

func (t *task) user() userData { return makeUserData(t.slot, t.gen, OpTask) }

// taskDone takes the completion of a task, or of its cancellation. cqMu is
// held.
func (r *ring) taskDone(op Op, c completion) {
	t := r.p.tasks.get(c.user)
	if op == OpCancelTask || t == nil {
		return // endTasks asks again, if it has to
	}
	r.p.tasks.drop(t.place)
	t.res = interrupted(c.res)
	if t.fd != nil {
		t.fd.endTask(t.run)
	}
	if w := t.wait; w.left.Add(-1) == 0 {
		r.others++
		w.done <- struct{}{}
	}
}

// cancelPause is how long endTasks and endChains wait before they cancel again:
// a request that is about to run is not found by a cancellation.
const cancelPause = 10 * time.Millisecond

// endTasks cancels what callers still wait for and returns when they have gone.
// No new ones can come.
func (p *Poller) endTasks() {
	gone := make(chan struct{})
	go func() {
		p.calls.Wait()
		close(gone)
	}()
	again := time.NewTicker(cancelPause)
	defer again.Stop()
	for {
		p.cancelTasks()
		p.slots.each((*FD).abortZeroCopy)
		select {
		case <-gone:
			return
		case <-again.C:
		}
	}
}

// cancelTasks cancels every task there is, on every ring: which one has it is
// known to its caller only.
func (p *Poller) cancelTasks() {
	for _, at := range p.tasks.places() {
		for _, r := range p.rings {
			r.pushCancel(makeUserData(at.slot, at.gen, OpTask))
			r.drv.kick(alone)
		}
	}
}
