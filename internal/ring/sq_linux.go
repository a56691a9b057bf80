package ring

import (
	"syscall"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Request is what an SQE says. Memory at Addr must stay reachable and in place
// until the request's last completion.
type Request struct {
	Op     uint8 // abi.Opcode*
	Flags  uint8 // abi.SQE*
	Ioprio uint16
	FD     int32
	Addr   uint64
	Len    uint32
	RWFlag uint32 // msg_flags, accept_flags, poll32_events, cancel_flags, ...
	Off    uint64
	Buf    uint16 // buffer group or index
	In     int32  // splice_fd_in
	User   slots.UserData
}

// linked says that the next request belongs to the same chain.
func (q *Request) linked() bool { return q.Flags&(abi.SQELink|abi.SQEHardlink) != 0 }

// Push queues a request. It never waits: without room in the SQ the request
// goes to the backlog, in order. The caller sees to it that it is submitted.
func (r *Ring) Push(q Request) {
	if r.faults.inj != nil {
		q = r.inject(q)
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

// PushChain queues requests of which each but the last is linked to the next.
// They stay together: a chain ends where a submission does. There may be no more of
// them than the SQ has entries.
func (r *Ring) PushChain(qs []Request) {
	if len(qs) > int(r.mem.sqSize) {
		panic("ring: a chain longer than the submission queue")
	}
	if r.faults.inj != nil {
		for i := range qs {
			qs[i] = r.inject(qs[i])
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
func (r *Ring) room() int { return int(r.mem.sqSize - (r.tail - r.mem.sqHead.Load())) }

// put writes q as the next SQE. It reports false when the SQ is full. sqMu is
// held.
func (r *Ring) put(q *Request) bool {
	m := r.mem
	if r.tail-m.sqHead.Load() == m.sqSize {
		return false
	}
	e := &m.sqes[r.tail&m.sqMask]
	e.Reset()
	e.PrepOperation(q.Op, q.FD, q.Addr, q.Len, q.Off)
	e.SetFlags(q.Flags)
	e.SetIoprio(q.Ioprio)
	e.SetOpFlags(q.RWFlag)
	e.SetBufGroup(q.Buf)
	if q.In != 0 {
		e.SetSpliceFdIn(q.In)
	}
	e.SetUserData(uint64(q.User))
	r.tail++
	return true
}

// stage moves what fits of the backlog to the SQ, publishes the tail to the
// kernel and returns how many SQEs it has yet to take.
func (r *Ring) stage() uint32 {
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
func (r *Ring) unloadBacklog() {
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

// Pending is how many requests were pushed and not yet given to the kernel.
func (r *Ring) Pending() int32 { return r.queued.Load() }

// PushCancel queues the cancellation of the request with that user_data.
func (r *Ring) PushCancel(target slots.UserData) {
	op := slots.OpCancelRx
	switch target.Op() {
	case slots.OpSend:
		op = slots.OpCancelTx
	case slots.OpTask:
		op = slots.OpCancelTask
	}
	r.stats.Cancels.Add(1)
	r.Push(Request{
		Op: abi.OpcodeAsyncCancel, FD: -1, Addr: uint64(target),
		User: slots.MakeUserData(target.Place(), op),
	})
}

// Submit gives the kernel everything that was pushed and, with getevents,
// lets it run its pending task work. It returns an errno only when requests
// are left over: EBUSY (completions must be reaped first) or EAGAIN and ENOMEM
// (the kernel is short of memory: try again later).
func (r *Ring) Submit(getevents bool) syscall.Errno {
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

// enter is one io_uring_enter that does not wait; enterMu is held if toSubmit
// is not 0.
func (r *Ring) enter(toSubmit, flags uint32) (int, syscall.Errno) {
	if errno := r.faults.enter(toSubmit); errno != 0 {
		return 0, errno
	}
	n, errno := abi.Enter(r.fd, toSubmit, flags)
	r.entered(n, errno)
	return n, errno
}

// entered counts an enter.
func (r *Ring) entered(n int, errno syscall.Errno) {
	r.stats.Enters.Add(1)
	if errno == 0 && n > 0 {
		r.queued.Add(int32(-n))
		r.stats.SQEs.Add(uint64(n))
	}
}
