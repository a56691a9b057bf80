package poller

import (
	"io"
	"syscall"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/bufpool"
	"github.com/uringnet/go-uringnet/internal/abi"
)

// rxState is the receiving half of an FD. Its fields are guarded by FD.mu.
//
//	idle --arm--> armed --completion--> idle (bytes queued, or end set)
//
// A deadline does not end the armed state: what the receive brings is for the
// next Read. Only Close, quiesce and a full queue cancel.
type rxState struct {
	ring     *ring  // where a request is armed; nil: idle
	op       Op     // OpRecv, OpPollIn or OpAccept
	canceled bool   // its cancellation has been asked for
	rearm    bool   // it ended early: arming again is a re-arm
	want     []byte // the buffer of the Read that waits, nil if none does
	got      int    // bytes that a completion has put there
	queue    []chunk
	held     int   // provided buffers in queue
	end      error // what follows the queue once: io.EOF or an errno
	ready    bool  // a poll said readable: recv(2) next
	poll     bool  // never receive ahead: wait for readability, then recv(2)
	pollOnce bool  // the next time only, because the last receive failed for want of a buffer
	never    bool  // poll is for good
	wasPoll  bool  // poll and FD.ahead before suspend
	wasAhead bool
	direct   predictor
	bulk     bool  // the last recv(2) brought several provided buffers full
	turns    uint8 // sends so far, up to eagerTurns
	filled   uint8 // large Reads in a row that were filled
	part     bool  // the last Read was one of them, but not each fourth, and nothing was written since
	streak   uint8 // Reads in a row that recv(2) has served at once, each after a Write
}

// chunk is bytes received and not yet read.
type chunk struct {
	b    []byte
	bufs *bufpool.Ring   // b is in its buffer id
	heap *bufpool.Buffer // or in this elastic buffer
	id   uint16
}

// arm queues a receive of at most limit bytes (0: of a whole buffer) on ring r
// and returns r for the caller to kick. later says that bytes are not to be
// expected at once: the kernel then waits before it tries. mu is held.
func (fd *FD) arm(r *ring, limit int, later bool) *ring {
	rx := &fd.rx
	if rx.rearm {
		rx.rearm = false
		r.stat.rearms.Add(1)
	}
	rx.ring, rx.canceled = r, false
	rx.direct.armed()
	fd.began()
	if rx.poll || rx.pollOnce {
		rx.pollOnce = false
		rx.op = OpPollIn
		fd.push(r, request{op: iouring.IORING_OP_POLL_ADD, rwFlag: pollMask(unix.POLLIN | unix.POLLRDHUP), user: fd.user(OpPollIn)})
		return r
	}
	q := request{
		op: iouring.IORING_OP_RECV, flags: iouring.IOSQE_FLAGS_BUFFER_SELECT,
		len: uint32(limit), buf: bufGroup, user: fd.user(OpRecv),
	}
	if fd.p.receive == ReceiveMultishot && fd.ahead {
		q.ioprio = abi.RecvMultishot
	}
	if later {
		q.ioprio |= abi.RecvPollFirst
	}
	rx.op = OpRecv
	fd.push(r, q)
	return r
}

// onRecv takes the completion of a receive that ring r reaps.
func (fd *FD) onRecv(r *ring, c completion) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	rx := &fd.rx
	if id, ok := c.buffer(); ok {
		fd.received(r, id, int(max(c.res, 0)))
	}
	if !c.more() {
		rx.ring = nil
		fd.ended()
	}
	switch {
	case c.res > 0:
		r.stat.receives.Add(1)
		r.stat.bytesIn.Add(uint64(c.res))
		fd.touch()
		fd.limit()
	case c.res == 0:
		r.stat.receives.Add(1)
		if rx.end == nil { // else a send of an event-driven FD has failed
			rx.end = io.EOF
		}
	default:
		fd.recvFailed(r, syscall.Errno(-c.res))
	}
	fd.arrived(r)
}

// arrived tells whoever waits that a receive has brought something. mu is held.
func (fd *FD) arrived(r *ring) {
	rx := &fd.rx
	switch {
	case fd.closing != nil || rx.got == 0 && len(rx.queue) == 0 && rx.end == nil && rx.ring != nil:
	case fd.ev != nil:
		fd.notify(r)
	default:
		fd.wakeFrom(&fd.rd, r)
	}
}

// received queues n bytes of ring r's buffer id, or gives the buffer back.
func (fd *FD) received(r *ring, id uint16, n int) {
	rx := &fd.rx
	b := r.bufs.Take(id, n)
	if n == 0 || fd.closing != nil || fd.ev != nil && fd.ev.ended {
		fd.unread = fd.unread || n > 0 && fd.ahead
		r.bufs.Release(id)
		return
	}
	if fd.deliver(b) {
		r.bufs.Release(id)
		return
	}
	if fd.full() {
		// Nobody reads: the bytes move to user space, so that this connection
		// keeps no more of what all share.
		r.stat.spills.Add(1)
		heap := fd.p.elastic.Get()
		heap.B = append(heap.B[:0], b...)
		r.bufs.Release(id)
		rx.queue = append(rx.queue, chunk{b: heap.B, heap: heap})
		return
	}
	rx.held++
	rx.queue = append(rx.queue, chunk{b: b, bufs: r.bufs, id: id})
}

// full reports whether the connection holds its share of the buffers. Those
// that a handler is about to be called with do not count.
func (fd *FD) full() bool {
	return fd.rx.held >= fd.p.cfg.MaxConnBuffers && (fd.ev == nil || fd.ev.held())
}

// limit stops a multishot receive whose connection holds its share.
func (fd *FD) limit() {
	rx := &fd.rx
	if rx.ring == nil || !fd.full() {
		return
	}
	if r := fd.cancelRx(); r != nil {
		rx.rearm = true
		r.drv.kick(later)
	}
}

// recvFailed handles a receive that ended with an errno. Whatever says nothing
// about the connection itself makes the next attempt wait for readability and
// use recv(2), which needs no buffer of the ring and tells the truth.
func (fd *FD) recvFailed(r *ring, errno syscall.Errno) {
	rx := &fd.rx
	switch errno {
	case syscall.ECANCELED:
		return // by us, or because the thread that submitted it has ended
	case syscall.ENOBUFS:
		r.stat.noBuffers.Add(1)
		rx.pollOnce, rx.rearm = true, true
	case syscall.EAGAIN, syscall.EINTR, syscall.ENOMEM, syscall.EBUSY, syscall.EINVAL, syscall.EOPNOTSUPP:
		r.stat.unexpected.Add(1)
		rx.pollOnce, rx.rearm = true, true
	default:
		rx.end = errno
	}
}

// onPollIn takes the completion of a wait for readability.
func (fd *FD) onPollIn(r *ring, c completion) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	fd.rx.ring = nil
	fd.ended()
	if c.res != -int32(syscall.ECANCELED) {
		fd.rx.ready = true
	}
	fd.arrived(r)
}

// dropReceived gives back every buffer. mu is held.
func (fd *FD) dropReceived() {
	for i := range fd.rx.queue {
		fd.release(&fd.rx.queue[i])
	}
	fd.rx.queue = nil
}

// release gives back what a chunk lies in.
func (fd *FD) release(c *chunk) {
	switch {
	case c.bufs != nil:
		fd.rx.held--
		c.bufs.Release(c.id)
	case c.heap != nil:
		fd.p.elastic.Put(c.heap)
	}
	*c = chunk{}
}

// quiesce ends receiving ahead for good: a receive that is armed is cancelled,
// and what it brings all the same is queued. mu is held, and given up while
// waiting; rl is held throughout.
func (fd *FD) quiesce() error {
	fd.rx.never = true
	return fd.suspend()
}

// suspend is quiesce until resume: rl is held throughout.
func (fd *FD) suspend() error {
	rx := &fd.rx
	rx.wasPoll, rx.wasAhead = rx.poll, fd.ahead
	rx.poll, fd.ahead = true, false
	for rx.ring != nil && rx.op != OpPollIn {
		if fd.closing != nil {
			return fd.closing
		}
		fd.park(&fd.rd, fd.cancelRx())
	}
	return fd.closing
}

// resume takes back suspend, unless receiving ahead has ended for good
// meanwhile. mu is held.
func (fd *FD) resume() {
	if !fd.rx.never {
		fd.rx.poll, fd.ahead = fd.rx.wasPoll, fd.rx.wasAhead
	}
}
