package load

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// sendsAtOnce is how many overdue requests are sent before replies are
	// looked at.
	sendsAtOnce = 64
	// shortNap is what is not worth to sleep for.
	shortNap = 5 * time.Microsecond
	// timerSlack is how late the kernel may end a sleep: the least there is.
	timerSlack = 1
)

// queue are the requests that are due on one connection while it waits for a
// reply. They go out one by one, in place of at once, as HTTP has it.
type queue struct {
	first  int // in the schedule; the next is as many further as there are connections
	length int
}

// SetPace makes the runs to come open loops; the zero Pace makes them closed.
func (c *Client) SetPace(p Pace) { c.pace = p }

// runPaced makes requests as they become due in d, and waits for all replies.
func (c *Client) runPaced(d time.Duration) (Slice, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, timerSlack, 0, 0, 0); err != nil {
		return Slice{}, os.NewSyscallError("prctl", err)
	}
	// What this thread starts would inherit it. 0 is the default again.
	defer func() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) }()
	c.hist.Reset()
	c.late.Reset()
	c.inTime = 0
	begin := c.now()
	c.due = newSchedule(c.pace, begin, d)
	end := begin + int64(d)
	if err := c.drivePaced(end); err != nil {
		return Slice{}, err
	}
	c.turn = (c.turn + c.due.total) % len(c.conns)
	return Slice{
		Requests: c.inTime, Total: c.hist.Total(), Due: uint64(c.due.total), Length: d,
		Late: time.Duration(c.late.Quantile(.99)), Drain: time.Duration(max(0, c.now()-end)),
	}, nil
}

// drivePaced goes through the schedule. Where it fails, requests are left.
func (c *Client) drivePaced(end int64) error {
	limit := end + int64(drainLimit)
	for issued := 0; issued < c.due.total || c.inflight > 0; {
		now := c.now()
		if now > limit {
			return fmt.Errorf("%d of %d requests were sent or queued, %d connections got no reply within %v after the slice%s",
				issued, c.due.total, c.inflight, drainLimit, c.firstStuck())
		}
		for n := 0; n < sendsAtOnce && issued < c.due.total && c.due.due(issued) <= now; n++ {
			if err := c.issue(issued); err != nil {
				return err
			}
			issued++
		}
		n, errno := rawEpollWaitFor(c.epfd, c.events, c.nap(issued))
		if errno != 0 && errno != unix.EINTR {
			return os.NewSyscallError("epoll_pwait2", errno)
		}
		for _, ev := range c.events[:n] {
			if err := c.ready(int(ev.Fd), ev.Events, end); err != nil {
				return fmt.Errorf("connection %d: %w", ev.Fd, err)
			}
		}
	}
	return nil
}

// nap is for how long there is nothing to send.
func (c *Client) nap(issued int) time.Duration {
	const most = 100 * time.Millisecond
	if c.Spin {
		return 0
	}
	if issued == c.due.total {
		return most
	}
	left := time.Duration(c.due.due(issued) - c.now())
	if left < shortNap {
		return 0
	}
	return min(left, most)
}

// issue sends a request that is due, or queues it behind the one under way.
func (c *Client) issue(request int) error {
	i := (c.turn + request) % len(c.conns)
	k := &c.conns[i]
	if k.busy {
		if k.queue.length == 0 {
			k.queue.first = request
		}
		k.queue.length++
		return nil
	}
	due := c.due.due(request)
	c.late.Record(c.now() - due)
	return c.begin(i, due)
}

// finishPaced records a reply and sends the next request that is due already.
func (c *Client) finishPaced(i int, k *conn, now, end int64) error {
	if now < end {
		c.inTime++
		k.served++
	}
	if k.queue.length == 0 {
		return nil
	}
	due := c.due.due(k.queue.first)
	k.queue.length--
	k.queue.first += len(c.conns)
	return c.begin(i, due)
}
