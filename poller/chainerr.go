package poller

import (
	"errors"
	"fmt"
)

// ErrCanceled is the error of a step that was not run because its chain broke.
var ErrCanceled = errors.New("canceled: the chain broke before this step")

// ErrShort is the error of a step that has moved some of its bytes: Chain.Run,
// called again, moves the rest.
var ErrShort = errors.New("short transfer")

// ChainError says where a chain broke.
type ChainError struct {
	Index int // of the step
	Op    string
	Err   error
}

// Error implements error.
func (e *ChainError) Error() string {
	return fmt.Sprintf("chain broke at step %d (%s): %v", e.Index, e.Op, e.Err)
}

// Unwrap returns why.
func (e *ChainError) Unwrap() error { return e.Err }
