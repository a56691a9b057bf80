package poller

import (
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// Chain is a sequence of operations that the kernel runs one after the other
// from a single submission (IOSQE_IO_LINK, kernel 5.3): a write, then its
// fdatasync, then the answer to the peer. If one fails or moves fewer bytes
// than asked for, the chain breaks: those behind it are not run.
//
// A Chain belongs to one goroutine at a time. Memory given to its steps belongs
// to the kernel while Run runs.
type Chain struct {
	p     *Poller
	steps []*Step
}

// Step is an operation of a Chain. N and Err may be read when Run has returned.
type Step struct {
	// N is how many bytes have moved, over all calls of Run.
	N int
	// Err is nil if the step is done, ErrCanceled if it was not run because the
	// chain broke before it, or was cancelled because the FD of a step after it was
	// closed, or why it failed: ErrShort if it moved N bytes only,
	// io.ErrUnexpectedEOF if a receive or read met the end,
	// os.ErrDeadlineExceeded after Within, a syscall.Errno, ErrClosed.
	Err error

	op     stepOp
	file   *File
	fd     *FD
	buf    []byte
	off    int64
	hard   bool
	within time.Duration
	done   bool
	ts     abi.KernelTimespec // of the link timeout
	task   task
	timer  task
}

type stepOp uint8

const (
	stepWrite stepOp = iota
	stepRead
	stepSync
	stepDatasync
	stepSend
	stepRecv
)

var stepNames = [...]string{"write", "read", "sync", "datasync", "send", "recv"}

// NewChain returns an empty chain.
func (p *Poller) NewChain() *Chain { return &Chain{p: p} }

// Len is the number of steps.
func (c *Chain) Len() int { return len(c.steps) }

// Step returns step i.
func (c *Chain) Step(i int) *Step { return c.steps[i] }

func (c *Chain) add(s *Step) *Step {
	s.Err = ErrCanceled
	c.steps = append(c.steps, s)
	return s
}

// WriteAt adds a write of all of b at off.
func (c *Chain) WriteAt(f *File, b []byte, off int64) *Step {
	return c.add(&Step{op: stepWrite, file: f, buf: b, off: off})
}

// ReadAt adds a read of len(b) bytes at off.
func (c *Chain) ReadAt(f *File, b []byte, off int64) *Step {
	return c.add(&Step{op: stepRead, file: f, buf: b, off: off})
}

// Sync adds an fsync.
func (c *Chain) Sync(f *File) *Step { return c.add(&Step{op: stepSync, file: f}) }

// Datasync adds an fdatasync.
func (c *Chain) Datasync(f *File) *Step { return c.add(&Step{op: stepDatasync, file: f}) }

// Send adds a send of all of b (MSG_WAITALL). Writes of others wait until the
// chain has run. The FD's deadlines do not act on it: see Step.Within.
func (c *Chain) Send(fd *FD, b []byte) *Step { return c.add(&Step{op: stepSend, fd: fd, buf: b}) }

// Recv adds a receive of len(b) bytes (MSG_WAITALL), those received ahead
// first. Reads of others wait until the chain has run.
func (c *Chain) Recv(fd *FD, b []byte) *Step { return c.add(&Step{op: stepRecv, fd: fd, buf: b}) }

// Hard makes the steps after s run even if s fails or is short
// (IOSQE_IO_HARDLINK, kernel 5.5). It returns s.
func (s *Step) Hard() *Step {
	s.hard = true
	return s
}

// Within bounds the time s may take (IORING_OP_LINK_TIMEOUT, kernel 5.5): it is
// then cancelled, and the chain breaks. A disk operation that the kernel has
// begun is not interrupted. It returns s.
func (s *Step) Within(d time.Duration) *Step {
	s.within = max(d, 1)
	return s
}

// Run runs the steps that are not done, from a single submission, and waits for
// them. It returns nil if all are done, else a *ChainError for the first that
// failed. Called again, it goes on where the chain broke: steps that are done
// are left out, and one that has moved part of its bytes moves the rest; no
// byte is lost or moved twice.
func (c *Chain) Run() error {
	todo := c.todo()
	if err := c.p.enter(); err != nil {
		if len(todo) > 0 {
			todo[0].Err = err
		}
		return c.result()
	}
	defer c.p.calls.Done()
	unlock, err := lockSteps(todo)
	defer unlock()
	if err != nil {
		return c.result() // it is a step's error
	}
	todo = slices.DeleteFunc(todo, func(s *Step) bool { return s.done }) // by what was received ahead
	if len(todo) == 0 {
		return c.result()
	}
	if c.p.feats.Has(FeatLinks) && countRequests(todo) <= c.p.status.SQEntries {
		c.submit(todo)
	} else {
		c.runUnlinked(todo)
	}
	return c.result()
}

// todo returns the steps that are not done.
func (c *Chain) todo() []*Step {
	var todo []*Step
	for _, s := range c.steps {
		if !s.done {
			s.Err = ErrCanceled
			todo = append(todo, s)
		}
	}
	return todo
}

// result is the first step's error.
func (c *Chain) result() error {
	for i, s := range c.steps {
		if s.Err != nil && s.Err != ErrCanceled {
			return &ChainError{i, stepNames[s.op], s.Err}
		}
	}
	for i, s := range c.steps {
		if s.Err != nil { // cancelled from outside
			return &ChainError{i, stepNames[s.op], s.Err}
		}
	}
	return nil
}

// countRequests is how many SQEs the steps take.
func countRequests(steps []*Step) int {
	n := len(steps)
	for _, s := range steps {
		if s.within > 0 {
			n++
		}
	}
	return n
}

// runUnlinked runs the steps one by one.
func (c *Chain) runUnlinked(steps []*Step) {
	for _, s := range steps {
		c.submit([]*Step{s})
		if !s.done && !s.hard {
			return
		}
	}
}

// submit runs the steps as one chain. What they use is locked.
func (c *Chain) submit(steps []*Step) {
	var qs []request
	w := &waiter{done: make(chan struct{}, 1)}
	r := c.p.current()
	run := &chainRun{r: r}
	for _, s := range steps {
		s.task = task{wait: w, run: run, buf: s.buf, fd: s.fd}
		run.add(c.p.newTask(&s.task), s.fd)
	}
	for i, s := range steps {
		last := i == len(steps)-1
		qs = append(qs, s.request(c.p, run, last))
		if s.within > 0 {
			qs = append(qs, s.timeout(c.p, w, last))
		}
	}
	w.left.Store(int32(len(qs)))
	r.pushChain(qs)
	r.drv.kick(alone)
	<-w.done
	for _, s := range steps {
		s.finish()
	}
}

// request makes the step's request.
func (s *Step) request(p *Poller, run *chainRun, last bool) request {
	rest := s.buf[s.N:]
	q := request{addr: addrOf(rest), len: uint32(min(len(rest), maxTransfer))}
	switch s.op {
	case stepWrite:
		q = p.transfer(iouring.IORING_OP_WRITE, rest, s.off+int64(s.N))
	case stepRead:
		q = p.transfer(iouring.IORING_OP_READ, rest, s.off+int64(s.N))
	case stepSync:
		q = request{op: iouring.IORING_OP_FSYNC}
	case stepDatasync:
		q = request{op: iouring.IORING_OP_FSYNC, rwFlag: abi.FsyncDatasync}
	case stepSend:
		q.op, q.rwFlag = iouring.IORING_OP_SEND, unix.MSG_NOSIGNAL|unix.MSG_WAITALL
	case stepRecv:
		q.op, q.rwFlag = iouring.IORING_OP_RECV, unix.MSG_WAITALL
	}
	q.user = s.task.user()
	if s.fd != nil {
		q.fd = s.fd.beginTask(run)
	} else {
		q.fd = int32(s.file.d.sysfd)
	}
	switch {
	case s.hard && !last:
		q.flags |= iouring.IOSQE_FLAGS_IO_HARDLINK
	case !last || s.within > 0:
		q.flags |= iouring.IOSQE_FLAGS_IO_LINK
	}
	return q
}

// timeout makes the request that bounds the step before it.
func (s *Step) timeout(p *Poller, w *waiter, last bool) request {
	s.ts = abi.KernelTimespec{Sec: int64(s.within / time.Second), Nsec: int64(s.within % time.Second)}
	s.timer = task{wait: w}
	q := request{op: iouring.IORING_OP_LINK_TIMEOUT, fd: -1, addr: addrOfTimespec(&s.ts), len: 1, user: p.newTask(&s.timer)}
	switch {
	case s.hard && !last:
		q.flags = iouring.IOSQE_FLAGS_IO_HARDLINK
	case !last:
		q.flags = iouring.IOSQE_FLAGS_IO_LINK
	}
	return q
}

// finish takes the step's result.
func (s *Step) finish() {
	want := len(s.buf) - s.N
	res := s.task.res
	s.task.buf = nil
	if res > 0 && s.op != stepSync && s.op != stepDatasync {
		s.N += int(res)
	}
	switch errno := syscall.Errno(-res); {
	case res >= 0 && (s.op == stepSync || s.op == stepDatasync || int(res) == want):
		s.done, s.Err = true, nil
	case res == 0:
		s.Err = s.ended()
	case s.within > 0 && s.timer.res == -int32(syscall.ETIME) && (res > 0 || errno == syscall.ECANCELED || errno == syscall.EINTR):
		s.Err = os.ErrDeadlineExceeded
	case res > 0, errno == syscall.EINTR, errno == syscall.EAGAIN:
		s.Err = ErrShort
	case errno == syscall.ECANCELED:
		s.Err = ErrCanceled
	default:
		s.Err = errno
	}
	if s.Err != nil && s.fd != nil {
		if err := s.fd.closed(); err != nil {
			s.Err = err
		}
	}
}

// ended is the error of a step that has met the end. A reset that a receive
// ahead was told of is no longer known to the socket, which says end of file.
func (s *Step) ended() error {
	if s.op != stepRecv {
		return io.ErrUnexpectedEOF
	}
	s.fd.mu.Lock()
	defer s.fd.mu.Unlock()
	end := s.fd.rx.end
	if s.fd.rx.end = nil; end == nil || end == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return end
}

// closed returns why the FD is closed, nil if it is not.
func (fd *FD) closed() error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.closing
}
