package poller

import (
	"syscall"

	iouring "github.com/iceber/iouring-go/syscall"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// request is what an SQE says. Memory at addr must stay reachable and in place
// until the request's last completion.
type request struct {
	op     uint8 // IORING_OP_*
	flags  uint8 // IOSQE_*
	ioprio uint16
	fd     int32
	addr   uint64
	len    uint32
	rwFlag uint32 // msg_flags, accept_flags, poll32_events, cancel_flags, ...
	off    uint64
	buf    uint16 // buffer group or index
	in     int32  // splice_fd_in
	user   userData
}

// linked says that the next request belongs to the same chain.
func (q *request) linked() bool {
	return q.flags&(iouring.IOSQE_FLAGS_IO_LINK|iouring.IOSQE_FLAGS_IO_HARDLINK) != 0
}

// push queues a request. It never waits: without room in the SQ the request
// goes to the backlog, in order. The caller kicks the driver afterwards.
func (r *ring) push(q request) {
	if inj := r.p.cfg.Faults; inj != nil {
		q = inject(inj, r, q)
	}
	r.sqMu.Lock()
	defer r.sqMu.Unlock()
	if r.gone {
		return
	}
	if len(r.backlog) > 0 || !r.put(&q) {
		r.backlog = append(r.backlog, q)
	}
	r.queued.Add(1)
}

// pushChain queues requests of which each but the last is linked to the next.
// They stay together: a chain ends where a submission does.
func (r *ring) pushChain(qs []request) {
	if inj := r.p.cfg.Faults; inj != nil {
		for i := range qs {
			qs[i] = inject(inj, r, qs[i])
		}
	}
	r.sqMu.Lock()
	defer r.sqMu.Unlock()
	if r.gone {
		return
	}
	if len(r.backlog) > 0 || r.room() < len(qs) {
		r.backlog = append(r.backlog, qs...)
	} else {
		for i := range qs {
			r.put(&qs[i])
		}
	}
	r.queued.Add(int32(len(qs)))
}

// room is how many SQEs are free. sqMu is held.
func (r *ring) room() int { return int(r.mem.sqSize - (r.tail - r.mem.sqHead.Load())) }

// put writes q as the next SQE. It reports false when the SQ is full. sqMu is
// held.
func (r *ring) put(q *request) bool {
	m := r.mem
	if r.tail-m.sqHead.Load() == m.sqSize {
		return false
	}
	e := &m.sqes[r.tail&m.sqMask]
	e.Reset()
	e.PrepOperation(q.op, q.fd, q.addr, q.len, q.off)
	e.SetFlags(q.flags)
	e.SetIoprio(q.ioprio)
	e.SetOpFlags(q.rwFlag)
	e.SetBufGroup(q.buf)
	if q.in != 0 {
		e.SetSpliceFdIn(q.in)
	}
	e.SetUserData(uint64(q.user))
	r.tail++
	return true
}

// stage moves what fits of the backlog to the SQ, publishes the tail to the
// kernel and returns how many SQEs it has yet to take.
func (r *ring) stage() uint32 {
	r.sqMu.Lock()
	r.unloadBacklog()
	// A store-release, paired with the kernel's smp_load_acquire of the tail
	// (io_sqring_entries, io_uring/io_uring.h).
	r.mem.sqTail.Store(r.tail)
	n := r.tail - r.mem.sqHead.Load()
	r.sqMu.Unlock()
	return n
}

// unloadBacklog moves what fits of the backlog to the SQ, chains only whole.
// sqMu is held.
func (r *ring) unloadBacklog() {
	i := 0
	for i < len(r.backlog) {
		end := i + 1
		for end < len(r.backlog) && r.backlog[end-1].linked() {
			end++
		}
		if r.room() < end-i {
			break
		}
		for ; i < end; i++ {
			r.put(&r.backlog[i])
		}
	}
	if i > 0 {
		r.backlog = append(r.backlog[:0], r.backlog[i:]...)
	}
}

// submit gives the kernel everything that was pushed and, with getevents,
// lets it run its pending task work. It returns an errno only when requests
// are left over: EBUSY (completions must be reaped first) or EAGAIN and ENOMEM
// (the kernel is short of memory: try again later).
func (r *ring) submit(getevents bool) syscall.Errno {
	var flags uint32
	if getevents {
		flags = abi.EnterGetevents
	}
	r.enterMu.Lock()
	defer r.enterMu.Unlock()
	if r.gone {
		return 0
	}
	for first := true; ; first = false {
		n := r.stage()
		if n == 0 && !(first && getevents) {
			return 0
		}
		done, errno := r.enter(n, flags)
		switch {
		case errno == syscall.EINTR:
		case errno != 0:
			return errno
		case n == 0:
			return 0
		case done == 0:
			return syscall.EAGAIN
		}
	}
}

// pending is how many requests were pushed and not yet given to the kernel.
func (r *ring) pending() int32 { return r.queued.Load() }

// settleSQ counts what a kernel thread has taken from the queue and reports
// whether requests wait for room in it. enterMu is held.
func (r *ring) settleSQ() (full bool) {
	r.sqMu.Lock()
	defer r.sqMu.Unlock()
	left := int32(r.tail-r.mem.sqHead.Load()) + int32(len(r.backlog))
	taken := r.queued.Load() - left
	r.queued.Store(left)
	if taken > 0 {
		r.stat.sqes.Add(uint64(taken))
	}
	return len(r.backlog) > 0
}

// enter is one io_uring_enter that does not wait; enterMu is held if toSubmit
// is not 0.
func (r *ring) enter(toSubmit, flags uint32) (int, syscall.Errno) {
	if inj := r.p.cfg.Faults; inj != nil {
		if errno := inj.Enter(toSubmit); errno != 0 {
			return 0, errno
		}
	}
	n, errno := abi.Enter(r.fd, toSubmit, flags)
	r.entered(n, errno)
	return n, errno
}

// entered counts an enter.
func (r *ring) entered(n int, errno syscall.Errno) {
	r.stat.enters.Add(1)
	if errno == 0 && n > 0 {
		r.queued.Add(int32(-n))
		r.stat.sqes.Add(uint64(n))
	}
}

// pushCancel queues the cancellation of the request with that user_data.
func (r *ring) pushCancel(target userData) {
	op := OpCancelRx
	switch target.op() {
	case OpSend, OpPollOut:
		op = OpCancelTx
	case OpTask:
		op = OpCancelTask
	}
	r.stat.cancels.Add(1)
	r.push(request{
		op: iouring.IORING_OP_ASYNC_CANCEL, fd: -1, addr: uint64(target),
		user: makeUserData(target.slot(), target.gen(), op),
	})
}
