// Package chain holds what a step of a chain is, for everyone who runs chains: the
// rings, and the ordinary calls where there are none.
package chain

import (
	"errors"
	"fmt"
	"time"
)

// Step is an operation of a chain. N and Err may be read when the chain has run.
type Step struct {
	// N is how many bytes have moved, over all calls of Run.
	N int
	// Err is nil if the step is done, ErrCanceled if it was not run because the
	// chain broke before it (or was ended because the connection of a step after it
	// was closed), or why it failed: ErrShort if it moved N bytes only,
	// io.ErrUnexpectedEOF if a receive or read met the end,
	// os.ErrDeadlineExceeded after Within, an errno, or that it is closed.
	Err error

	Op    Op            // what it does
	Buf   []byte        // all the bytes to move; the kernel's while the chain runs
	Off   int64         // of Write and Read: where in the file
	Keep  bool          // the steps after it run even if it fails: see Hard
	Limit time.Duration // the time it may take, 0: any; see Within
}

// Op is what a step does.
type Op uint8

// The operations: on a file, and on a connection.
const (
	Write Op = iota
	Read
	Sync
	Datasync
	Send
	Recv
)

var names = [...]string{"write", "read", "sync", "datasync", "send", "recv"}

// String is the operation's name.
func (o Op) String() string { return names[o] }

// Moves reports whether the operation moves bytes.
func (o Op) Moves() bool { return o != Sync && o != Datasync }

// New makes a step that has not run.
func New(op Op, buf []byte, off int64) *Step {
	return &Step{Op: op, Buf: buf, Off: off, Err: ErrCanceled}
}

// Rest is what is still to be moved.
func (s *Step) Rest() []byte { return s.Buf[s.N:] }

// Done reports whether the step is done.
func (s *Step) Done() bool { return s.Err == nil }

// Hard makes the steps after s run even if s fails or is short
// (IOSQE_IO_HARDLINK, kernel 5.5). It returns s.
func (s *Step) Hard() *Step {
	s.Keep = true
	return s
}

// Within bounds the time s may take (IORING_OP_LINK_TIMEOUT, kernel 5.5): it is
// then cancelled, and the chain breaks. A disk operation that the kernel has
// begun is not interrupted, and on the standard library only sends and receives are
// bounded. It returns s.
func (s *Step) Within(d time.Duration) *Step {
	s.Limit = max(d, 1)
	return s
}

// ErrCanceled is the error of a step that was not run because its chain broke.
var ErrCanceled = errors.New("canceled: the chain broke before this step")

// ErrShort is the error of a step that has moved some of its bytes: Run,
// called again, moves the rest.
var ErrShort = errors.New("short transfer")

// Error says where a chain broke.
type Error struct {
	Index int // of the step
	Op    string
	Err   error
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("chain broke at step %d (%s): %v", e.Index, e.Op, e.Err)
}

// Unwrap returns why.
func (e *Error) Unwrap() error { return e.Err }

// Result is what Run returns: nil if all steps are done, else the *Error of the first
// that failed, or of the first that was cancelled from outside.
func Result[T any](steps []T, step func(T) *Step) error {
	canceled := -1
	for i := range steps {
		s := step(steps[i])
		switch {
		case s.Err == nil:
		case s.Err != ErrCanceled:
			return &Error{i, s.Op.String(), s.Err}
		case canceled < 0:
			canceled = i
		}
	}
	if canceled >= 0 {
		return &Error{canceled, step(steps[canceled]).Op.String(), ErrCanceled}
	}
	return nil
}
