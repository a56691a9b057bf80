package poller

import "github.com/uringnet/go-uringnet/internal/chain"

// Step is an operation of a Chain.
type Step = chain.Step

// StepOp is what a Step does.
type StepOp = chain.Op

// The operations: on a File, and on an FD.
const (
	StepWrite    = chain.Write
	StepRead     = chain.Read
	StepSync     = chain.Sync
	StepDatasync = chain.Datasync
	StepSend     = chain.Send // of all bytes; Writes of others wait until the chain has run
	StepRecv     = chain.Recv // of all bytes; Reads of others wait
)

// NewStep makes a step: for Chain.Add.
func NewStep(op StepOp, buf []byte, off int64) *Step { return chain.New(op, buf, off) }

// ChainError says where a chain broke.
type ChainError = chain.Error

// Errors of a chain's steps.
var (
	// ErrCanceled is the error of a step that was not run because its chain broke.
	ErrCanceled = chain.ErrCanceled
	// ErrShort is the error of a step that has moved some of its bytes: Chain.Run,
	// called again, moves the rest.
	ErrShort = chain.ErrShort
)
