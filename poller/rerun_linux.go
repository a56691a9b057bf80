package poller

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// The kernel can give up a request, or leave it waiting, for reasons that are not its
// own.
//
// A request belongs to the thread that has submitted it. When that thread ends, as one
// does whose goroutine ends locked to it, what its io-wq workers have not begun fails
// with ECANCELED (io_wq_cancel_cb, io_uring/io-wq.c), and what was to go on in its task
// work with EFAULT (io_req_task_submit, io_uring/io_uring.c). The same ECANCELED comes
// when no worker can be made, at a limit of threads. Such a request is run again, and,
// if that happens over and over, made by a system call, which tells the true errno.
//
// A thread's io-wq workers go when its last ring is closed (io_wq_set_exit_on_idle,
// since 7.0 and in stable kernels, 6.18.44 among them); one that is about to go can
// still be picked for a request on that thread's next ring, and then nobody runs it
// until the same thread queues another (io_wq_enqueue and io_wq_worker,
// io_uring/io-wq.c; benchmarks/LOG.md). So a request of a file that takes long is
// cancelled, which finds it wherever it waits, and run again. One that only is slow goes
// on, or is interrupted, and is left in peace for twice as long the next time.

const (
	// rerunAfter is how long a request of a file may take before it is first run
	// again.
	rerunAfter = time.Second
	// maxReruns is how often what the kernel gives up is run again.
	maxReruns = 3
)

// givenUp reports whether a result may be that of a request that the kernel gave up.
func givenUp(res int32) bool {
	return res == -int32(syscall.ECANCELED) || res == -int32(syscall.EFAULT)
}

// do runs one request, again when it was interrupted or given up, and returns its
// result. buf is the request's memory. An error says that the poller is closed.
func (p *Poller) do(q ring.Request, buf []byte) (int32, error) {
	if err := p.calls.enter(); err != nil {
		return 0, err
	}
	defer p.calls.leave()
	c := p.current()
	d, err := c.tasks()
	if err == ErrClosed {
		return 0, err
	}
	if err != nil { // no ring could be made
		return c.plainly(q, buf), nil
	}
	s := p.newSingle()
	s.buf = buf
	patience := p.patience
	lost := 0
	for {
		s.left.Store(1)
		q.User = p.newTask(&s.task)
		d.Push(q)
		d.kick()
		cancelled := s.await(d, q.User, &patience)
		if p.calls.ended() || s.res != -int32(syscall.EINTR) && !givenUp(s.res) {
			break
		}
		if cancelled || givenUp(s.res) {
			c.stat.reruns.Add(1)
		}
		if s.res == -int32(syscall.EINTR) {
			continue
		}
		if lost++; lost > maxReruns {
			s.res = c.plainly(q, buf)
			break
		}
	}
	res := s.res
	s.buf = nil
	singles.Put(s)
	return res, nil
}

// await returns when the caller's task is done. It cancels it each time the
// patience is over, which then doubles, and reports whether it did.
func (s *single) await(d *driven, user slots.UserData, patience *time.Duration) (cancelled bool) {
	select {
	case <-s.done:
		return false
	default:
	}
	p := d.c.p
	reset := func() { p.outside(func() { s.timer.Reset(*patience) }) }
	reset()
	defer s.timer.Stop()
	for {
		select {
		case <-s.done:
			return cancelled
		case <-s.timer.C:
			cancelled = true
			*patience *= 2
			reset()
			d.PushCancel(user)
			d.kick()
		}
	}
}

// plainly does what a file's request asks for by a system call.
func (c *core) plainly(q ring.Request, b []byte) int32 {
	c.stat.plainFiles.Add(1)
	for {
		n, err := plain(q, b)
		errno, _ := err.(syscall.Errno)
		switch {
		case err == nil:
			return int32(n)
		case errno == syscall.EINTR:
		case errno == 0:
			return -int32(syscall.EIO)
		default:
			return -int32(errno)
		}
	}
}

func plain(q ring.Request, b []byte) (n int, err error) {
	fd := int(q.FD)
	switch q.Op {
	case abi.OpcodeRead, abi.OpcodeReadFixed:
		return unix.Pread(fd, b[:q.Len], int64(q.Off))
	case abi.OpcodeWrite, abi.OpcodeWriteFixed:
		return unix.Pwrite(fd, b[:q.Len], int64(q.Off))
	case abi.OpcodeFsync:
		if q.RWFlag&abi.FsyncDatasync != 0 {
			return 0, unix.Fdatasync(fd)
		}
		return 0, unix.Fsync(fd)
	case abi.OpcodeFallocate:
		return 0, unix.Fallocate(fd, q.Len, int64(q.Off), int64(q.Addr))
	case abi.OpcodeSplice:
		moved, err := unix.Splice(int(q.In), offset(q.Addr), fd, offset(q.Off), int(q.Len), int(q.RWFlag))
		return int(moved), err
	}
	return 0, syscall.ENOSYS
}

// offset is what splice(2) wants in place of a request's offset.
func offset(off uint64) *int64 {
	if off == noOffset {
		return nil
	}
	at := int64(off)
	return &at
}
