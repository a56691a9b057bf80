package poller

import (
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

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

func (c *chainRun) add(user slots.UserData, fd *FD) { c.tasks = append(c.tasks, chainTask{user, fd}) }

// beginTask counts a chain's request on the FD and returns its descriptor. The
// kernel holds a closed FD's socket no longer: -1 makes the request fail. It is
// not counted then, as whoever closes the FD has seen which chains to end.
func (fd *FD) beginTask(run *chainRun) int32 {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if !fd.use() {
		return -1
	}
	fd.chains = append(fd.chains, run)
	return int32(fd.sysfd)
}

// endTask takes back beginTask. A chain's requests end in the order in which they
// have begun, so that those that were not counted come last.
func (fd *FD) endTask(run *chainRun) {
	fd.mu.Lock()
	i := slices.Index(fd.chains, run)
	if i >= 0 {
		fd.chains = slices.Delete(fd.chains, i, i+1)
	}
	fd.mu.Unlock()
	if i >= 0 {
		fd.unuse()
	}
}
