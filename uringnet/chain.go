package uringnet

import (
	"io"
	"net"

	"github.com/uringnet/go-uringnet/internal/chain"
)

// Errors of a chain's steps.
var (
	// ErrCanceled is the error of a step that was not run because its chain
	// broke before it.
	ErrCanceled = chain.ErrCanceled
	// ErrShort is the error of a step that has moved some of its bytes.
	ErrShort = chain.ErrShort
)

// ChainError says at which step a chain broke, and why.
type ChainError = chain.Error

// Step is an operation of a Chain.
type Step = chain.Step

// Chain is a sequence of operations on Files and connections that the kernel
// runs one after the other from a single submission (linked requests): a write,
// its fdatasync, then the answer to the peer. If one fails, or moves fewer bytes
// than asked for, those behind it are not run. Without io_uring, and
// where chained things are carried by different engines, the steps are run one by
// one, with the same results.
//
// A Chain belongs to one goroutine at a time. Memory given to its steps belongs
// to the kernel while Run runs.
type Chain struct {
	eng   *Engine
	steps []link
	ring  any // the rings' own chain, made by Run
}

// link is a step with what it works on.
type link struct {
	*Step
	file *File
	conn *conn
	bad  error // why conn is nil
}

// NewChain returns an empty chain.
func (e *Engine) NewChain() *Chain { return &Chain{eng: e} }

func (c *Chain) add(op chain.Op, f *File, cn *conn, b []byte, off int64) *Step {
	s := chain.New(op, b, off)
	c.steps = append(c.steps, link{Step: s, file: f, conn: cn})
	return s
}

// WriteAt adds a write of all of b at off.
func (c *Chain) WriteAt(f *File, b []byte, off int64) *Step {
	return c.add(chain.Write, f, nil, b, off)
}

// ReadAt adds a read of len(b) bytes at off.
func (c *Chain) ReadAt(f *File, b []byte, off int64) *Step { return c.add(chain.Read, f, nil, b, off) }

// Sync adds an fsync.
func (c *Chain) Sync(f *File) *Step { return c.add(chain.Sync, f, nil, nil, 0) }

// Datasync adds an fdatasync.
func (c *Chain) Datasync(f *File) *Step { return c.add(chain.Datasync, f, nil, nil, 0) }

// Send adds a send of all of b on a connection of this package. Other Writes on
// it wait until the chain has run. Its deadlines do not act on the chain: see
// Step.Within.
func (c *Chain) Send(to net.Conn, b []byte) *Step { return c.addConn(chain.Send, to, b) }

// Recv adds a receive of len(b) bytes on a connection of this package, those
// received ahead first. Other Reads on it wait until the chain has run. Its
// deadlines do not act on the chain: see Step.Within.
func (c *Chain) Recv(from net.Conn, b []byte) *Step { return c.addConn(chain.Recv, from, b) }

func (c *Chain) addConn(op chain.Op, cn net.Conn, b []byte) *Step {
	inner, err := connOf(cn)
	s := c.add(op, nil, inner, b, 0)
	if err != nil {
		c.steps[len(c.steps)-1].bad, s.Err = err, err
	}
	return s
}

// Run runs the steps that are not done and waits for them. It returns nil if all
// are done, else a *ChainError for the first that failed. Called again, it goes
// on where the chain broke: steps that are done are left out, and one that has
// moved part of its bytes moves the rest; no byte is lost or moved twice.
func (c *Chain) Run() error {
	onRings := c.eng.files()
	for i, s := range c.steps {
		switch {
		case s.bad != nil:
			return &ChainError{Index: i, Op: s.Op.String(), Err: s.bad}
		case s.file != nil && s.file.ring == nil, s.conn != nil && (s.conn.fd == nil || s.conn.eng != c.eng):
			onRings = false
		}
	}
	if onRings {
		return c.eng.rings.runChain(c)
	}
	c.runEach()
	return chain.Result(c.steps, func(s link) *Step { return s.Step })
}

// runEach runs the steps one by one.
func (c *Chain) runEach() {
	stop := false
	for _, s := range c.steps {
		if s.Done() {
			continue
		}
		if s.Err = ErrCanceled; stop {
			continue
		}
		if s.Err = s.run(); s.Err != nil {
			stop = !s.Keep
		}
	}
}

// run runs one step by the ordinary calls.
func (s link) run() (err error) {
	n := 0
	rest := s.Rest()
	switch s.Op {
	case chain.Write:
		n, err = s.file.WriteAt(rest, s.Off+int64(s.N))
	case chain.Read:
		n, err = s.file.ReadAt(rest, s.Off+int64(s.N))
	case chain.Sync:
		err = s.file.Sync()
	case chain.Datasync:
		err = s.file.Datasync()
	case chain.Send, chain.Recv:
		n, err = s.transfer(rest)
	}
	s.N += n
	if err == io.EOF && n < len(rest) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// transfer sends or receives all of b: on a stream, as a chain of that step alone.
func (s link) transfer(b []byte) (int, error) {
	c := s.conn
	switch {
	case c.fd != nil:
		alone := &Step{Op: s.Op, Buf: b, Limit: s.Limit, Err: ErrCanceled}
		err := c.eng.rings.runChain(&Chain{eng: c.eng, steps: []link{{Step: alone, conn: c}}})
		if alone.Err == nil || alone.Err != ErrCanceled {
			err = alone.Err
		}
		return alone.N, err
	case s.Op == chain.Send:
		side := &c.sides.write
		side.begin(s.Limit, c.std.SetWriteDeadline)
		defer side.end(c.std.SetWriteDeadline)
		return c.std.Write(b)
	default:
		side := &c.sides.read
		side.begin(s.Limit, c.std.SetReadDeadline)
		defer side.end(c.std.SetReadDeadline)
		return io.ReadFull(c.std, b)
	}
}
