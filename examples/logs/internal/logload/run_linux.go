package logload

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// drainLimit bounds how long a run waits for what is outstanding.
const drainLimit = 20 * time.Second

// batchLogs is how many logs a batch of a saturating run has: near 64 KiB.
const batchLogs = (64 << 10) / (LogSize + 1)

// Saturate sends batches of lines on all connections for d, as fast as the
// server takes them, and then what it has begun. It returns how many logs it sent.
func (c *Client) Saturate(d time.Duration) (logs uint64, err error) {
	for i := range c.conns {
		if c.conns[i].batch == nil {
			c.conns[i].batch = lines(i, batchLogs)
		}
		if err := c.wait(i, true); err != nil {
			return 0, err
		}
	}
	begin := time.Now()
	for busy := len(c.conns); busy > 0; {
		if time.Since(begin) > d+drainLimit {
			return logs, fmt.Errorf("the server takes no more: %d connections wait", busy)
		}
		n, err := c.poll(100)
		if err != nil {
			return logs, err
		}
		over := time.Since(begin) >= d
		for _, ev := range c.events[:n] {
			x := &c.conns[ev.Fd]
			if ev.Events&^unix.EPOLLOUT != 0 {
				return logs, errHungUp
			}
			if len(x.rest) == 0 {
				if over {
					busy--
					if err := c.wait(int(ev.Fd), false); err != nil {
						return logs, err
					}
					continue
				}
				x.rest = x.batch
				logs += batchLogs
			}
			n, err := unix.Write(x.fd, x.rest)
			if err != nil && err != unix.EAGAIN && err != unix.EINTR {
				return logs, os.NewSyscallError("write", err)
			}
			x.rest = x.rest[max(n, 0):]
		}
	}
	return logs, nil
}

// poll waits for events for at most ms milliseconds.
func (c *Client) poll(ms int) (int, error) {
	n, err := unix.EpollWait(c.epfd, c.events, ms)
	if err == unix.EINTR {
		return 0, nil
	}
	return n, os.NewSyscallError("epoll_wait", err)
}

// Paced sends batches of logs on the connections in turn, on a fixed schedule of
// rate logs a second, for d, and waits for every acknowledgement. Latency counts
// from when a log was due, sent or not.
func (c *Client) Paced(rate, batch int, d time.Duration) (logs uint64, err error) {
	c.Latency.Reset()
	every := float64(time.Second) * float64(batch) / float64(rate)
	total := int(float64(d) / every)
	begin := c.now()
	sent, acked, next := 0, 0, 0
	for acked < total*batch {
		now := c.now()
		if now-begin > int64(d+drainLimit) {
			return uint64(sent * batch), fmt.Errorf("%d logs were not acknowledged", sent*batch-acked)
		}
		// No more at once than a poll in between allows for.
		for n := 0; n < 64 && sent < total && begin+int64(float64(sent)*every) <= now; n++ {
			if err := c.submit(next, batch, begin+int64(float64(sent)*every)); err != nil {
				return 0, err
			}
			sent++
			next = (next + 1) % len(c.conns)
		}
		n, err := c.service(c.pause(sent, total, begin, every))
		if err != nil {
			return 0, err
		}
		acked += n
	}
	return uint64(acked), nil
}

// pause is for how many milliseconds to wait for events before the next is due.
// Short waits are polled: a sleep would be late.
func (c *Client) pause(sent, total int, begin int64, every float64) int {
	if sent == total {
		return 100
	}
	left := begin + int64(float64(sent)*every) - c.now()
	return max(0, int(left/int64(time.Millisecond)))
}

// submit sends a batch of logs that were due then.
func (c *Client) submit(i, batch int, due int64) error {
	x := &c.conns[i]
	c.out = appendRELP(c.out[:0], x.txnr, batch, x.msg)
	x.txnr += batch
	for range batch {
		x.due = append(x.due, due)
	}
	return c.send(i, c.out)
}

// service handles what is there and returns how many acknowledgements came.
func (c *Client) service(ms int) (acks int, err error) {
	n, err := c.poll(ms)
	if err != nil {
		return 0, err
	}
	for _, ev := range c.events[:n] {
		if ev.Events&unix.EPOLLOUT != 0 {
			if err := c.sendRest(int(ev.Fd)); err != nil {
				return acks, err
			}
		}
		if ev.Events&^unix.EPOLLOUT != 0 {
			m, err := c.read(int(ev.Fd))
			if err != nil {
				return acks, err
			}
			acks += m
		}
	}
	return acks, nil
}

// Closed keeps one log outstanding on each connection for d, and then waits for
// the last acknowledgements.
func (c *Client) Closed(d time.Duration) (logs uint64, err error) {
	c.Latency.Reset()
	begin := c.now()
	open := 0
	for i := range c.conns {
		if err := c.submit(i, 1, begin); err != nil {
			return 0, err
		}
		open++
	}
	for open > 0 {
		now := c.now()
		if now-begin > int64(d+drainLimit) {
			return logs, fmt.Errorf("%d logs were not acknowledged", open)
		}
		n, err := c.poll(100)
		if err != nil {
			return logs, err
		}
		for _, ev := range c.events[:n] {
			i := int(ev.Fd)
			acks, err := c.read(i)
			if err != nil {
				return logs, err
			}
			logs += uint64(acks)
			open -= acks
			if acks > 0 && now-begin < int64(d) {
				if err := c.submit(i, 1, c.now()); err != nil {
					return logs, err
				}
				open++
			}
		}
	}
	return logs, nil
}
