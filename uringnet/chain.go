package uringnet

import (
	"io"
	"net"
	"time"

	"github.com/uringnet/go-uringnet/poller"
)

// Errors of a chain's steps.
var (
	// ErrCanceled is the error of a step that was not run because its chain
	// broke before it.
	ErrCanceled = poller.ErrCanceled
	// ErrShort is the error of a step that has moved some of its bytes.
	ErrShort = poller.ErrShort
)

// ChainError says at which step a chain broke, and why.
type ChainError = poller.ChainError

// Chain is a sequence of operations on Files and connections that the kernel
// runs one after the other from a single submission (linked requests): a write,
// its fdatasync, then the answer to the peer. If one fails, or moves fewer bytes
// than asked for, those behind it are not run. On the standard library, and
// where chained things are carried by different engines, the steps are run one by
// one, with the same results.
//
// A Chain belongs to one goroutine at a time. Memory given to its steps belongs
// to the kernel while Run runs.
type Chain struct {
	eng   *Engine
	steps []*Step
	ring  any // the rings' own chain, made by Run
}

// Step is an operation of a Chain. N and Err may be read when Run has returned.
type Step struct {
	// N is how many bytes have moved, over all calls of Run.
	N int
	// Err is nil if the step is done, ErrCanceled if it was not run (or, on a ring,
	// ended because the connection of a step after it was closed), ErrShort if it
	// moved N bytes only, io.ErrUnexpectedEOF if a receive or read met the
	// end, os.ErrDeadlineExceeded after Within, or why else it failed.
	Err error

	op     stepOp
	file   *File
	conn   *conn
	buf    []byte
	off    int64
	hard   bool
	within time.Duration
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
func (e *Engine) NewChain() *Chain { return &Chain{eng: e} }

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

// Send adds a send of all of b on a connection of this package. Other Writes on
// it wait until the chain has run. Its deadlines do not act on the chain: see
// Step.Within.
func (c *Chain) Send(to net.Conn, b []byte) *Step {
	inner, err := connOf(to)
	s := c.add(&Step{op: stepSend, conn: inner, buf: b})
	if err != nil {
		s.Err = err
	}
	return s
}

// Recv adds a receive of len(b) bytes on a connection of this package, those
// received ahead first. Other Reads on it wait until the chain has run. Its
// deadlines do not act on the chain: see Step.Within.
func (c *Chain) Recv(from net.Conn, b []byte) *Step {
	inner, err := connOf(from)
	s := c.add(&Step{op: stepRecv, conn: inner, buf: b})
	if err != nil {
		s.Err = err
	}
	return s
}

// Hard makes the steps after s run even if s fails or is short. It returns s.
func (s *Step) Hard() *Step {
	s.hard = true
	return s
}

// Within bounds the time that s may take: it is then cancelled, and the chain
// breaks. A disk operation that the kernel has begun is not interrupted, and on
// the standard library only Send and Recv are bounded. It returns s.
func (s *Step) Within(d time.Duration) *Step {
	s.within = max(d, 1)
	return s
}

// Run runs the steps that are not done and waits for them. It returns nil if all
// are done, else a *ChainError for the first that failed. Called again, it goes
// on where the chain broke: steps that are done are left out, and one that has
// moved part of its bytes moves the rest; no byte is lost or moved twice.
func (c *Chain) Run() error {
	onRings := c.eng.rings != nil
	for i, s := range c.steps {
		switch {
		case s.conn == nil && s.file == nil:
			return &ChainError{Index: i, Op: stepNames[s.op], Err: s.Err}
		case s.file != nil && s.file.ring == nil, s.conn != nil && (s.conn.fd == nil || s.conn.eng != c.eng):
			onRings = false
		}
	}
	if onRings {
		return c.eng.rings.runChain(c)
	}
	return c.runEach()
}

// runEach runs the steps one by one.
func (c *Chain) runEach() error {
	var broken *ChainError
	stop := false
	for i, s := range c.steps {
		if s.Err == nil {
			continue
		}
		if s.Err = ErrCanceled; stop {
			continue
		}
		if s.Err = s.run(); s.Err == nil {
			continue
		}
		if broken == nil {
			broken = &ChainError{Index: i, Op: stepNames[s.op], Err: s.Err}
		}
		stop = !s.hard
	}
	if broken != nil {
		return broken
	}
	return nil
}

// run runs one step by the ordinary calls.
func (s *Step) run() (err error) {
	n := 0
	rest := s.buf[s.N:]
	switch s.op {
	case stepWrite:
		n, err = s.file.WriteAt(rest, s.off+int64(s.N))
	case stepRead:
		n, err = s.file.ReadAt(rest, s.off+int64(s.N))
	case stepSync:
		err = s.file.Sync()
	case stepDatasync:
		err = s.file.Datasync()
	case stepSend, stepRecv:
		n, err = s.transfer(rest)
	}
	s.N += n
	if err == io.EOF && n < len(rest) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// transfer sends or receives all of b: on a ring, as a chain of that step alone.
func (s *Step) transfer(b []byte) (int, error) {
	c := s.conn
	switch {
	case c.fd != nil:
		alone := &Step{op: s.op, conn: c, buf: b, within: s.within}
		err := c.eng.rings.runChain(&Chain{eng: c.eng, steps: []*Step{alone}})
		if alone.Err == nil || alone.Err != ErrCanceled {
			err = alone.Err
		}
		return alone.N, err
	case s.op == stepSend:
		side := &c.sides.write
		side.begin(s.within, c.std.SetWriteDeadline)
		defer side.end(c.std.SetWriteDeadline)
		return c.std.Write(b)
	default:
		side := &c.sides.read
		side.begin(s.within, c.std.SetReadDeadline)
		defer side.end(c.std.SetReadDeadline)
		return io.ReadFull(c.std, b)
	}
}
