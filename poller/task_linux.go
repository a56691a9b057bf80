package poller

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// task is a request whose caller waits for it: of a File or a Chain.
type task struct {
	place slots.Place
	wait  *waiter
	run   *chainRun // whose request it is; nil: nobody's
	fd    *FD       // whose descriptor it uses; nil for a file's
	buf   []byte    // the request's memory, kept on the heap and alive
	res   int32     // written before wait is told
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

// singles are made outside of any bubble, as they go from caller to caller.
var singles sync.Pool

func (p *Poller) newSingle() (s *single) {
	if s, _ = singles.Get().(*single); s != nil {
		return s
	}
	p.outside(func() {
		s = &single{timer: time.NewTimer(time.Hour)}
		s.timer.Stop()
		s.done = make(chan struct{}, 1)
		s.wait = &s.waiter
	})
	return s
}

// callers are those who have tasks.
type callers struct {
	mu      sync.Mutex
	n       int           // guarded by mu
	closing bool          // guarded by mu
	gone    chan struct{} // guarded by mu: gets a token when n falls to 0, once somebody waits
}

// enter lets a caller make tasks until leave.
func (c *callers) enter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return ErrClosed
	}
	c.n++
	return nil
}

func (c *callers) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 && c.gone != nil {
		c.gone <- struct{}{}
		c.gone = nil
	}
}

// end refuses callers from now on. It returns false if none is left, else gone gets a
// token when the last has left.
func (c *callers) end(gone chan struct{}) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	if c.n > 0 {
		c.gone = gone
	}
	return c.n > 0
}

func (c *callers) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// newTask gives a task its place and returns its user_data.
func (p *Poller) newTask(t *task) slots.UserData {
	// The table has room for four million: as many goroutines would wait.
	if !p.pending.Put(t, &t.place) {
		panic("poller: too many requests at once")
	}
	return t.user()
}

func (t *task) user() slots.UserData { return slots.MakeUserData(t.place, slots.OpTask) }

// taskDone takes the completion of a task, or of its cancellation. It reports whether
// its caller was woken.
func (c *core) taskDone(op slots.Op, done ring.Completion) bool {
	t := c.p.pending.Get(done.User)
	if op == slots.OpCancelTask || t == nil {
		return false // endTasks asks again, if it has to
	}
	c.p.pending.Drop(t.place)
	t.res = interrupted(done.Res)
	if t.fd != nil {
		t.fd.endTask(t.run)
	}
	w := t.wait
	last := w.left.Add(-1) == 0
	if last {
		w.done <- struct{}{}
	}
	return last
}

// interrupted is the result res, EINTR where the kernel passes on what is meant for
// itself: ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK
// (include/linux/errno.h). io_uring does so for splices.
func interrupted(res int32) int32 {
	switch -res {
	case 512, 513, 514, 516:
		return -int32(syscall.EINTR)
	}
	return res
}

// cancelPause is how long endTasks and endChains wait before they cancel again:
// a request that is about to run is not found by a cancellation.
const cancelPause = 10 * time.Millisecond

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

// repeat calls f, and again each cancelPause until gone has a token.
func (p *Poller) repeat(gone <-chan struct{}, f func()) {
	p.outside(func() {
		again := time.NewTicker(cancelPause)
		defer again.Stop()
		for {
			f()
			select {
			case <-gone:
				return
			case <-again.C:
			}
		}
	})
}

// cancelTasks cancels every task there is, on every ring: which one has it is
// known to its caller only.
func (p *Poller) cancelTasks() {
	for _, at := range p.pending.Places() {
		for _, c := range p.cores {
			if d := c.drivenNow(); d != nil {
				d.PushCancel(slots.MakeUserData(at, slots.OpTask))
				d.kick()
			}
		}
	}
}
