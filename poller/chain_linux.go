package poller

import (
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/chain"
	"github.com/uringnet/go-uringnet/internal/ring"
)

// Chain is a sequence of operations that the kernel runs one after the other
// from a single submission (IOSQE_IO_LINK, kernel 5.3): a write, then its
// fdatasync, then the answer to the peer. If one fails or moves fewer bytes
// than asked for, the chain breaks: those behind it are not run. Where it cannot
// link, or has no io_uring at all, the steps run one by one, with the same results.
//
// A Chain belongs to one goroutine at a time. Memory given to its steps belongs
// to the kernel while Run runs. The deadlines of its FDs do not act on it: see
// Step.Within.
type Chain struct {
	p     *Poller
	steps []*link
}

// NewChain returns an empty chain.
func (p *Poller) NewChain() *Chain { return &Chain{p: p} }

// Len is the number of steps.
func (c *Chain) Len() int { return len(c.steps) }

// Add adds a step: on f, or for StepSend and StepRecv on fd.
func (c *Chain) Add(s *Step, f *File, fd *FD) {
	c.steps = append(c.steps, &link{Step: s, file: f, fd: fd})
}

// Run runs the steps that are not done, from a single submission, and waits for
// them. It returns nil if all are done, else a *ChainError for the first that
// failed. Called again, it goes on where the chain broke: steps that are done
// are left out, and one that has moved part of its bytes moves the rest; no
// byte is lost or moved twice.
func (c *Chain) Run() error {
	var todo []*link
	for _, s := range c.steps {
		if !s.Done() {
			s.Err = ErrCanceled
			todo = append(todo, s)
		}
	}
	if err := c.p.calls.enter(); err != nil {
		if len(todo) > 0 {
			todo[0].Err = err
		}
		return c.result()
	}
	defer c.p.calls.leave()
	unlock, err := lockSteps(todo)
	defer unlock()
	if err != nil {
		return c.result() // it is a step's error
	}
	todo = slices.DeleteFunc(todo, func(s *link) bool { return s.Done() }) // by what was received ahead
	if len(todo) > 0 {
		c.run(todo)
	}
	return c.result()
}

func (c *Chain) result() error { return chain.Result(c.steps, func(s *link) *Step { return s.Step }) }

// run runs steps, whose things are locked, by a ring, or by system calls where there is
// none or it gives them up over and over.
func (c *Chain) run(todo []*link) {
	d, err := c.p.current().tasks()
	if err != nil {
		runPlain(todo)
		return
	}
	for range 1 + maxReruns {
		rest, again := c.runOn(d, todo)
		if !again {
			return
		}
		d.c.stat.reruns.Add(1)
		todo = rest
	}
	runPlain(todo)
}

// runOn runs steps on a ring. again reports whether the kernel gave up the first of
// rest, and with it those behind.
func (c *Chain) runOn(d *driven, todo []*link) (rest []*link, again bool) {
	entries, _ := d.Entries()
	if c.p.feats.Has(FeatLinks) && countRequests(todo) <= entries {
		return c.submit(d, todo)
	}
	for i, s := range todo {
		if _, again := c.submit(d, []*link{s}); again {
			return todo[i:], true
		}
		if !s.Done() && !s.Keep {
			break
		}
	}
	return nil, false
}

// countRequests is how many SQEs the steps take.
func countRequests(steps []*link) int {
	n := len(steps)
	for _, s := range steps {
		if s.Limit > 0 {
			n++
		}
	}
	return n
}

// submit runs the steps as one chain. It returns those that the kernel gave up.
func (c *Chain) submit(d *driven, steps []*link) (rest []*link, again bool) {
	var qs []ring.Request
	w := &waiter{done: c.p.newChan()}
	run := &chainRun{d: d}
	for _, s := range steps {
		s.task = task{wait: w, run: run, buf: s.Buf, fd: s.fd}
		run.add(c.p.newTask(&s.task), s.fd)
	}
	for i, s := range steps {
		last := i == len(steps)-1
		qs = append(qs, s.request(c.p, run, last))
		if s.Limit > 0 {
			qs = append(qs, s.timeout(c.p, w, last))
		}
	}
	w.left.Store(int32(len(qs)))
	d.PushChain(qs)
	d.kick()
	<-w.done
	for _, s := range steps {
		s.finish()
	}
	return c.abandoned(run, steps)
}

// abandoned returns the steps that the kernel did not run for no reason of theirs. What
// it has run behind them, after a hard link, is not made undone: they then stay as they
// are.
func (c *Chain) abandoned(run *chainRun, steps []*link) ([]*link, bool) {
	i := slices.IndexFunc(steps, func(s *link) bool { return !s.Done() })
	if i < 0 || !givenUp(steps[i].task.res) || steps[i].expired() || run.ended.Load() || c.p.calls.ended() {
		return nil, false
	}
	for _, s := range steps[i:] {
		if s.Done() || s.fd != nil && s.fd.life.closed() {
			return nil, false
		}
		s.Err = ErrCanceled
	}
	return steps[i:], true
}

// expired reports whether Within has ended the step.
func (s *link) expired() bool { return s.Limit > 0 && s.timer.res == -int32(syscall.ETIME) }

// request makes the step's request.
func (s *link) request(p *Poller, run *chainRun, last bool) ring.Request {
	rest := s.Rest()
	q := ring.Request{Addr: ring.AddrOf(rest), Len: uint32(min(len(rest), maxTransfer))}
	switch s.Op {
	case StepWrite:
		q = p.transferAt(abi.OpcodeWrite, rest, s.Off+int64(s.N))
	case StepRead:
		q = p.transferAt(abi.OpcodeRead, rest, s.Off+int64(s.N))
	case StepSync:
		q = ring.Request{Op: abi.OpcodeFsync}
	case StepDatasync:
		q = ring.Request{Op: abi.OpcodeFsync, RWFlag: abi.FsyncDatasync}
	case StepSend:
		q.Op, q.RWFlag = abi.OpcodeSend, unix.MSG_NOSIGNAL|unix.MSG_WAITALL
	case StepRecv:
		q.Op, q.RWFlag = abi.OpcodeRecv, unix.MSG_WAITALL
	}
	q.User = s.task.user()
	if s.fd != nil {
		q.FD = s.fd.beginTask(run)
	} else {
		q.FD = int32(s.file.d.sysfd)
	}
	switch {
	case s.Keep && !last:
		q.Flags |= abi.SQEHardlink
	case !last || s.Limit > 0:
		q.Flags |= abi.SQELink
	}
	return q
}

// timeout makes the request that bounds the step before it.
func (s *link) timeout(p *Poller, w *waiter, last bool) ring.Request {
	s.ts = abi.KernelTimespec{Sec: int64(s.Limit / time.Second), Nsec: int64(s.Limit % time.Second)}
	s.timer = task{wait: w}
	q := ring.Request{Op: abi.OpcodeLinkTimeout, FD: -1, Addr: ring.AddrOfTimespec(&s.ts), Len: 1, User: p.newTask(&s.timer)}
	switch {
	case s.Keep && !last:
		q.Flags = abi.SQEHardlink
	case !last:
		q.Flags = abi.SQELink
	}
	return q
}

// finish takes the step's result.
func (s *link) finish() {
	want := len(s.Rest())
	res := s.task.res
	s.task.buf = nil
	if res > 0 && s.Op.Moves() {
		s.N += int(res)
		if s.fd != nil {
			s.fd.touch()
		}
	}
	switch errno := syscall.Errno(-res); {
	case res >= 0 && (!s.Op.Moves() || int(res) == want):
		s.Err = nil
	case res == 0:
		s.Err = s.ended()
	case s.expired() && (res > 0 || errno == syscall.ECANCELED || errno == syscall.EINTR):
		s.Err = os.ErrDeadlineExceeded
	case res > 0, errno == syscall.EINTR, errno == syscall.EAGAIN:
		s.Err = ErrShort
	case errno == syscall.ECANCELED:
		s.Err = ErrCanceled
	default:
		s.Err = errno
	}
	if s.Err != nil && s.fd != nil && s.fd.life.closed() {
		s.Err = s.fd.closing
	}
}

// ended is the error of a step that has met the end. A reset that a receive
// ahead was told of is no longer known to the socket, which says end of file.
func (s *link) ended() error {
	if s.Op != StepRecv {
		return io.ErrUnexpectedEOF
	}
	s.fd.mu.Lock()
	defer s.fd.mu.Unlock()
	a := s.fd.arm
	if a == nil || a.end == nil {
		return io.ErrUnexpectedEOF
	}
	end := a.end
	if a.end = nil; end == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return end
}
