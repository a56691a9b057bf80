package abi

import (
	iouring "github.com/iceber/iouring-go/syscall"
)

// What is used of package iouring-go/syscall. Nothing else imports it.

// The structures shared with the kernel; layout_unsafe_linux.go asserts their
// sizes and offsets.
type (
	Params = iouring.IOURingParams
	SQE    = iouring.SubmissionQueueEntry64
	CQE    = iouring.CompletionQueueEvent16
)

// Operations.
const (
	OpcodeNop         = iouring.IORING_OP_NOP
	OpcodeFsync       = iouring.IORING_OP_FSYNC
	OpcodePollAdd     = iouring.IORING_OP_POLL_ADD
	OpcodeAccept      = iouring.IORING_OP_ACCEPT
	OpcodeAsyncCancel = iouring.IORING_OP_ASYNC_CANCEL
	OpcodeLinkTimeout = iouring.IORING_OP_LINK_TIMEOUT
	OpcodeFallocate   = iouring.IORING_OP_FALLOCATE
	OpcodeRead        = iouring.IORING_OP_READ
	OpcodeWrite       = iouring.IORING_OP_WRITE
	OpcodeReadFixed   = iouring.IORING_OP_READ_FIXED
	OpcodeWriteFixed  = iouring.IORING_OP_WRITE_FIXED
	OpcodeSend        = iouring.IORING_OP_SEND
	OpcodeSendmsg     = iouring.IORING_OP_SENDMSG
	OpcodeRecv        = iouring.IORING_OP_RECV
	OpcodeSplice      = iouring.IORING_OP_SPLICE
	OpcodeSendZC      = iouring.IORING_OP_SEND_ZC
	OpcodeSendmsgZC   = iouring.IORING_OP_SENDMSG_ZC
)

// Flags of an SQE.
const (
	SQEFixedFile    = iouring.IOSQE_FLAGS_FIXED_FILE
	SQELink         = iouring.IOSQE_FLAGS_IO_LINK
	SQEHardlink     = iouring.IOSQE_FLAGS_IO_HARDLINK
	SQEBufferSelect = iouring.IOSQE_FLAGS_BUFFER_SELECT
	SQEAsync        = iouring.IOSQE_FLAGS_ASYNC
)

// Flags of io_uring_setup that package iouring-go knows.
const (
	SetupSQPoll    = iouring.IORING_SETUP_SQPOLL
	SetupSQAff     = iouring.IORING_SETUP_SQ_AFF
	SetupCQSize    = iouring.IORING_SETUP_CQSIZE
	SetupClamp     = iouring.IORING_SETUP_CLAMP
	SetupRDisabled = iouring.IORING_SETUP_R_DISABLED
)

// FeatSingleMmap says that both queues are in one mapping (5.4).
const FeatSingleMmap = iouring.IORING_FEAT_SINGLE_MMAP

// Offsets to map a ring's parts at.
const (
	OffSQRing = iouring.IORING_OFF_SQ_RING
	OffCQRing = iouring.IORING_OFF_CQ_RING
	OffSQEs   = iouring.IORING_OFF_SQES
)

// Setup is io_uring_setup. p says what is asked for, and afterwards what there is.
func Setup(entries int, p *Params) (fd int, err error) {
	return iouring.IOURingSetup(uint(entries), p)
}
