package poller

import (
	"runtime"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/internal/drive"
	"github.com/uringnet/go-uringnet/internal/epoll"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/rt"
)

// newLoop makes a loop, with a ring if the poller has any to give.
func (c *core) newLoop() (*loop, error) {
	l := &loop{c: c, wake: make(chan struct{}, 1), done: make(chan struct{})}
	l.events = eventQueue{kick: l.kick, loop: l}
	var err error
	if l.set, err = epoll.New(harvestEvents); err != nil {
		return nil, err
	}
	if c.p.transfer != TransferDirect {
		if l.ring, err = ring.New(c.p.ringOptions(&c.stat, 0)); err != nil {
			l.set.Close()
			return nil, err
		}
	}
	if l.parked, err = drive.Park(l.set.FD(), "epoll", l.harvest); err != nil {
		l.set.Close()
		if l.ring != nil {
			l.ring.Close()
		}
		return nil, err
	}
	rt.Go(l.flush)
	return l, nil
}

// harvest is what the loop's goroutine does each time that there are reports.
func (l *loop) harvest() {
	for more := true; more || l.events.waiting(); {
		l.list, more = l.set.Wait(l.list[:0])
		if len(l.list) == 0 {
			l.events.run()
			continue
		}
		l.c.stat.harvests.Add(1)
		l.c.stat.edges.Add(uint64(len(l.list)))
		if l.c.p.crowd.on.Load() {
			l.judge(len(l.list))
		}
		batch := l.ring != nil && len(l.list) >= ringReceives
		l.crowd.Store(0)
		if batch {
			l.crowd.Store(int32(len(l.list)))
		}
		queued := 0
		for i := range l.list {
			e := &l.list[i]
			fd := l.c.p.fds.Get(e.User)
			if fd == nil || !fd.edge(l, e.Flags, batch) {
				continue
			}
			if queued++; queued == maxReceives {
				l.transfer()
				queued = 0
			}
		}
		if queued > 0 {
			l.transfer()
		}
		l.events.run()
	}
}

// transfer submits what was queued, all of which ends at once, and hands it on.
func (l *loop) transfer() {
	for {
		errno := l.ring.Submit(false)
		n, short := l.ring.Reap(l.complete)
		switch {
		case errno != 0 && errno != syscall.EBUSY && n == 0, short && n == 0:
			// The kernel is short of memory.
			time.AfterFunc(retryDelay, l.kick)
			return
		case errno == 0 && !short && l.ring.Pending() == 0:
			return
		}
	}
}

// retryDelay is how long what the kernel had no memory for waits.
const retryDelay = time.Millisecond

// crowded reports whether the last harvest has served several Reads together: what
// they are answered with is worth a batch.
func (l *loop) crowded() bool { return l.crowd.Load() > 0 }

// sendRing implements sender.
func (l *loop) sendRing() *ring.Ring { return l.ring }

// kick has the flusher come by: after every goroutine that can run has had its turn, and
// with it has queued what it has to send.
func (l *loop) kick() {
	if l.flushing.CompareAndSwap(false, true) {
		l.wake <- struct{}{}
	}
}

// flush is the flusher.
func (l *loop) flush() {
	defer close(l.done)
	for range l.wake {
		runtime.Gosched() // to the back of the global queue
		l.flushing.Store(false)
		if l.closing.Load() {
			return
		}
		if l.ring != nil {
			l.transfer()
		}
		if l.events.run() && l.events.waiting() {
			l.kick()
		}
	}
}

// stop ends the loop. No FD is watched by it any more.
func (l *loop) stop() {
	l.closing.Store(true)
	l.parked.Stop()
	l.kick()
	<-l.done
	l.events.runAll() // the last calls of Closed
	l.set.Close()
	if l.ring != nil {
		l.ring.Close()
	}
}
