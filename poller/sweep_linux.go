package poller

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/rt"
)

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
		limit := rt.Nanotime() - int64(timeout)
		var idle []*FD
		p.fds.Each(func(fd *FD) {
			if fd.idleSince(limit) {
				idle = append(idle, fd)
			}
		})
		p.shutdown(idle, ErrIdle)
	}
}

func (s *sweeper) stop() {
	close(s.quit)
	s.done.Wait()
}

// idleSince reports whether nothing has moved on a connection since then.
func (fd *FD) idleSince(limit int64) bool {
	if fd.listener || fd.life.closed() || fd.active.Load() > limit {
		return false
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	ev := fd.ev.Load()
	if ev != nil && ev.paused { // it is not its peer that is idle
		return false
	}
	return len(fd.chains) == 0 || !fd.progressed()
}

// progressed reports whether bytes have moved since it was last asked: those of a
// chain's step are known to the kernel alone until all have. mu is held.
func (fd *FD) progressed() bool {
	info, err := unix.GetsockoptTCPInfo(fd.sysfd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return true // nobody knows
	}
	moved := info.Bytes_acked + info.Bytes_received
	if moved == fd.moved {
		return false
	}
	fd.moved = moved
	fd.touch()
	return true
}
