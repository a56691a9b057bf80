package poller

import (
	"sync"
	"time"
)

// sweeper closes connections on which nothing has moved for a time.
type sweeper struct {
	quit chan struct{}
	done sync.WaitGroup
}

// startSweeper looks four times in each timeout, so a connection is closed
// between one and one and a quarter timeouts after it fell idle.
func startSweeper(p *Poller, timeout time.Duration) *sweeper {
	s := &sweeper{quit: make(chan struct{})}
	s.done.Add(1)
	go s.run(p, timeout)
	return s
}

func (s *sweeper) run(p *Poller, timeout time.Duration) {
	defer s.done.Done()
	tick := time.NewTicker(max(timeout/4, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-s.quit:
			return
		case <-tick.C:
		}
		limit := nanotime() - int64(timeout)
		p.slots.each(func(fd *FD) {
			if fd.idleSince(limit) {
				fd.shutdown(ErrIdle)
			}
		})
	}
}

func (s *sweeper) stop() {
	close(s.quit)
	s.done.Wait()
}

// idleSince reports whether nothing has moved on a connection since then.
func (fd *FD) idleSince(limit int64) bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	held := fd.ev != nil && fd.ev.paused // it is not its peer that is idle
	return !fd.listener && fd.closing == nil && !held && fd.active <= limit
}
