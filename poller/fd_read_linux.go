package poller

import (
	"io"
	"os"
	"runtime"
	"syscall"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// Read reads up to len(b) bytes, waiting until there is at least one. Errors:
// io.EOF, os.ErrDeadlineExceeded (also if bytes are there), ErrClosed, or a
// syscall.Errno.
func (fd *FD) Read(b []byte) (int, error) {
	fd.rl.Lock()
	fd.mu.Lock()
	n, err := fd.read(b)
	fd.rx.fill(n, len(b))
	fd.mu.Unlock()
	fd.rl.Unlock()
	return n, err
}

// filledFrom is the length from which a Read that was filled is taken as a part
// of a longer message: what is written before the next Read leaves at once. But
// each filledTurn-th goes with a batch, so that others have their turn.
const (
	filledFrom = 2 << 10
	filledTurn = 4
)

// fill notes how much of what was asked for a Read has got.
func (rx *rxState) fill(n, want int) {
	if n == want && n >= filledFrom {
		rx.filled++
	} else {
		rx.filled = 0
	}
	rx.part = rx.filled%filledTurn != 0
}

// midway is asked by the first Write after a Read, and reports whether more of the
// message that was read is there, as it seems.
func (rx *rxState) midway() bool {
	part := rx.part
	rx.part = false
	return part
}

// read is Read with both locks held.
func (fd *FD) read(b []byte) (int, error) {
	rx := &fd.rx
	answered := fd.tx.again
	fd.tx.again = false
	for yields := 0; ; {
		if fd.closing != nil {
			return 0, fd.closing
		}
		if fd.ev != nil {
			return 0, errServed
		}
		if len(b) == 0 {
			return 0, nil
		}
		if fd.rd.expired {
			return 0, fd.readTimeout()
		}
		if len(rx.queue) > 0 {
			return fd.take(b), nil
		}
		if err := rx.end; err != nil {
			rx.end = nil
			return 0, err
		}
		if rx.ring == nil && fd.wantDirect() {
			if rx.streak >= maxStreak && fd.p.yields > 0 {
				rx.streak = 0
				fd.yield()
				continue
			}
			if n, err, done := fd.recvDirect(b); done {
				if answered {
					rx.streak++
				}
				return n, err
			}
			rx.streak = 0
			// One byte is asked for to learn of the peer's end, as net/http does
			// while a handler runs: nothing is expected soon.
			if yields < fd.p.yields && len(b) > 1 && fd.p.current().loaded() {
				yields++
				fd.yield()
				continue
			}
			rx.direct.miss()
		}
		fd.uncork()
		var r *ring
		if rx.ring == nil {
			limit := 0
			if !fd.ahead {
				// What follows may carry control data, for ReadMsgUnix.
				limit = min(len(b), fd.p.cfg.BufferSize)
			}
			// In bulk a wait for readability, and recv(2) into a large b after it,
			// save a copy and bring more at once than a provided buffer holds.
			rx.pollOnce = rx.pollOnce || rx.bulk && len(b) > fd.p.cfg.BufferSize
			r = fd.arm(fd.p.current(), limit, false)
		}
		rx.want = b
		fd.park(&fd.rd, r)
		n := rx.got
		rx.want, rx.got = nil, 0
		if n > 0 {
			return n, nil
		}
	}
}

// A Read on a ring that is busy yields before it arms a receive: every goroutine
// that can run goes first, the flusher among them, and what it would wait for is
// often there when its turn comes again. That costs less than a receive, and
// leaves nothing in the kernel that only one thread can complete. Each yield takes
// the lock of the scheduler's global queue, so they are for few CPUs.
const (
	maxYields    = 2
	maxYieldCPUs = 8
)

// maxStreak is how many messages that it answers a connection may find at once, one
// after the other, before it lets others go first, whose requests wait to be
// submitted meanwhile.
const maxStreak = 4

// yield lets every other runnable goroutine go first. mu is held, but not
// meanwhile.
func (fd *FD) yield() {
	fd.uncork()
	fd.mu.Unlock()
	runtime.Gosched()
	fd.mu.Lock()
}

// maxDeliver is how much a completion may bring to be copied by whoever reaps
// it: more is copied by the reader, which may be on another CPU.
const maxDeliver = 4 << 10

// deliver copies received bytes to the buffer of the Read that waits for them,
// if all fit. The provided buffer is then free at once, and with it the memory
// that the next receive finds in the cache.
func (fd *FD) deliver(b []byte) bool {
	rx := &fd.rx
	if len(b) > len(rx.want) || len(b) > maxDeliver || rx.got > 0 || len(rx.queue) > 0 {
		return false
	}
	rx.got = copy(rx.want, b)
	return true
}

// take copies received bytes to b and releases the buffers it empties.
func (fd *FD) take(b []byte) int {
	rx := &fd.rx
	n, i := 0, 0
	for i < len(rx.queue) && n < len(b) {
		c := &rx.queue[i]
		m := copy(b[n:], c.b)
		n += m
		if c.b = c.b[m:]; len(c.b) > 0 {
			break
		}
		fd.release(c)
		i++
	}
	if i == len(rx.queue) {
		rx.queue = rx.queue[:0]
	} else if i > 0 {
		rx.queue = append(rx.queue[:0], rx.queue[i:]...)
	}
	return n
}

// wantDirect says whether recv(2) is to be tried before arming.
func (fd *FD) wantDirect() bool {
	if fd.rx.ready || fd.rx.poll || fd.rx.pollOnce {
		return true
	}
	switch fd.p.cfg.DirectRecv {
	case DirectRecvAlways:
		return true
	case DirectRecvNever:
		return false
	}
	return fd.rx.direct.likely()
}

// recvDirect tries recv(2) into b. done is false if nothing was there.
func (fd *FD) recvDirect(b []byte) (n int, err error, done bool) {
	st := &fd.p.current().stat
	fd.rx.ready = false
	for {
		n, errno := abi.Recv(fd.sysfd, b, 0)
		st.directRecvs.Add(1)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			return 0, nil, false
		case errno != 0:
			return 0, errno, true
		case n == 0:
			return 0, io.EOF, true
		}
		st.directHits.Add(1)
		fd.rx.direct.hit()
		fd.rx.bulk = n >= bulkBuffers*fd.p.cfg.BufferSize
		st.bytesIn.Add(uint64(n))
		fd.touch()
		return n, nil, true
	}
}

// bulkBuffers is how many provided buffers' worth of bytes a recv(2) has to bring
// for the connection to count as one that moves bulk.
const bulkBuffers = 4

// readTimeout is what a Read that found its deadline over returns. The armed
// receive stays where bytes may be received ahead; elsewhere it is cancelled.
func (fd *FD) readTimeout() error {
	if !fd.ahead && fd.rx.ring != nil && fd.rx.op == OpRecv {
		if err := fd.quiesce(); err != nil {
			return err
		}
	}
	return os.ErrDeadlineExceeded
}

// TakeAhead stops receiving ahead for good and moves bytes that were received
// already to b. ok is false if there were none.
func (fd *FD) TakeAhead(b []byte) (n int, ok bool, err error) {
	fd.rl.Lock()
	defer fd.rl.Unlock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.closing != nil {
		return 0, false, fd.closing
	}
	if fd.rd.expired {
		return 0, false, fd.readTimeout()
	}
	if err := fd.quiesce(); err != nil {
		return 0, false, err
	}
	if len(fd.rx.queue) > 0 && len(b) > 0 {
		return fd.take(b), true, nil
	}
	if err := fd.rx.end; err != nil {
		fd.rx.end = nil
		return 0, false, err
	}
	return 0, false, nil
}
