package load

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Slice is what one slice of load found.
type Slice struct {
	// Requests counts the replies that came before the end of the slice.
	Requests uint64
	// Total counts them with those that came while the slice drained.
	Total uint64
	// Length is the length of the slice, without the drain.
	Length time.Duration
	// Drain is how long the last replies took after the end of the slice.
	Drain time.Duration
	// Due is how many requests a constant rate had in the slice, and Late how
	// late 99 % of those were sent that had not to wait for a reply.
	Due  uint64
	Late time.Duration
}

// Run makes load on all connections for d, then waits for the replies that
// are still to come.
func (c *Client) Run(d time.Duration) (Slice, error) {
	if c.pace.Rate > 0 {
		return c.runPaced(d)
	}
	c.hist.Reset()
	c.inTime = 0
	begin := c.now()
	end := begin + int64(d)
	active := len(c.conns)
	if c.Active > 0 {
		active = min(c.Active, active)
	}
	for i := range active {
		if err := c.begin(i, c.now()); err != nil {
			return Slice{}, err
		}
	}
	if err := c.drive(end); err != nil {
		return Slice{}, err
	}
	return Slice{
		Requests: c.inTime, Total: c.hist.Total(), Length: d,
		Drain: time.Duration(max(0, c.now()-end)),
	}, nil
}

// playOne plays one exchange on connection i alone.
func (c *Client) playOne(i int) error {
	now := c.now()
	if err := c.begin(i, now); err != nil {
		return err
	}
	return c.drive(now)
}

// drive serves connections until none waits for a reply. Those that get one
// before end send again.
func (c *Client) drive(end int64) error {
	limit := end + int64(drainLimit)
	for c.inflight > 0 {
		now := c.now()
		if now > limit {
			return fmt.Errorf("%d of %d connections got no reply within %v after the slice%s",
				c.inflight, len(c.conns), drainLimit, c.firstStuck())
		}
		n, errno := rawEpollWait(c.epfd, c.events, c.waitMillis(end, now))
		if errno != 0 && errno != unix.EINTR {
			return os.NewSyscallError("epoll_wait", errno)
		}
		for _, ev := range c.events[:n] {
			if err := c.ready(int(ev.Fd), ev.Events, end); err != nil {
				return fmt.Errorf("connection %d: %w", ev.Fd, err)
			}
		}
	}
	return nil
}

// waitMillis is how long to wait for events: no longer than to the end of the
// slice, and never so long that the drain limit goes unseen.
func (c *Client) waitMillis(end, now int64) int {
	if c.Spin {
		return 0
	}
	const most = 100
	if now >= end {
		return most
	}
	return int(min((end-now)/int64(time.Millisecond)+1, most))
}

// firstStuck describes a connection without a reply.
func (c *Client) firstStuck() string {
	for i := range c.conns {
		if k := &c.conns[i]; k.busy {
			return fmt.Sprintf(" (the first is connection %d, request %d: %d bytes sent, %d received)",
				i, k.seq, k.sent, k.got)
		}
	}
	return ""
}

// begin sends the next request of connection i.
func (c *Client) begin(i int, now int64) error {
	k := &c.conns[i]
	k.seq++
	k.sent, k.got, k.start, k.busy = 0, 0, now, true
	c.inflight++
	return c.send(i, k)
}

// send sends what the kernel takes of the request under way.
func (c *Client) send(i int, k *conn) error {
	msg := c.exchange.Request(uint32(i), k.seq)
	if k.tls != nil {
		n, err := k.tls.Write(msg)
		k.sent = n
		return err
	}
	for k.sent < len(msg) {
		n, errno := rawWrite(k.fd, msg[k.sent:])
		switch errno {
		case 0:
			k.sent += n
		case unix.EINTR:
		case unix.EAGAIN:
			return c.block(i, k, true)
		default:
			return os.NewSyscallError("write", errno)
		}
	}
	return c.block(i, k, false)
}

// block sets whether connection i waits for room to send.
func (c *Client) block(i int, k *conn, blocked bool) error {
	if k.blocked == blocked {
		return nil
	}
	k.blocked = blocked
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	if blocked {
		ev.Events |= unix.EPOLLOUT
	}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(c.epfd, unix.EPOLL_CTL_MOD, k.fd, &ev))
}

// ready serves connection i after an event.
func (c *Client) ready(i int, events uint32, end int64) error {
	k := &c.conns[i]
	if events&unix.EPOLLOUT != 0 {
		if err := c.send(i, k); err != nil {
			return err
		}
	}
	if events&^unix.EPOLLOUT == 0 {
		return nil
	}
	if k.tls != nil {
		return c.readyTLS(i, k, end)
	}
	n, errno := rawRead(k.fd, c.buf)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return nil
	case errno != 0:
		return os.NewSyscallError("read", errno)
	case n == 0:
		return errHungUp
	}
	return c.take(i, k, n, end)
}

// take handles n bytes that connection i has received into the buffer.
func (c *Client) take(i int, k *conn, n int, end int64) error {
	if !k.busy {
		if t, ok := c.exchange.(talker); ok {
			return t.Unasked(uint32(i), c.buf[:n])
		}
		return fmt.Errorf("%d bytes that no request asked for", n)
	}
	done, err := c.exchange.Reply(uint32(i), k.seq, k.got, c.buf[:n])
	if err != nil {
		return fmt.Errorf("request %d: %w", k.seq, err)
	}
	k.got += n
	if !done {
		return nil
	}
	return c.finish(i, k, end)
}

// finish records a reply and sends the next request, if there is time left.
func (c *Client) finish(i int, k *conn, end int64) error {
	now := c.now()
	c.hist.Record(now - k.start)
	k.busy = false
	c.inflight--
	if c.pace.Rate > 0 {
		return c.finishPaced(i, k, now, end)
	}
	if now >= end {
		return nil
	}
	c.inTime++
	k.served++
	return c.begin(i, now)
}
