package abi

// Flags of io_uring_setup.
const (
	SetupSubmitAll    = 1 << 7  // 5.18: a bad request does not stop the batch
	SetupCoopTaskrun  = 1 << 8  // 5.19: no interrupt for task work
	SetupTaskrunFlag  = 1 << 9  // 5.19: SQTaskrun tells of pending task work
	SetupSingleIssuer = 1 << 12 // 6.0: one thread submits
	SetupDeferTaskrun = 1 << 13 // 6.1: task work runs when that thread waits
)

// Features in io_uring_params.
const (
	FeatNodrop     = 1 << 1  // 5.5
	FeatExtArg     = 1 << 8  // 5.11
	FeatMinTimeout = 1 << 15 // 6.12
	FeatNoIOWait   = 1 << 17 // 6.15
)

// Flags of io_uring_enter.
const (
	EnterGetevents = 1 << 0
	EnterSQWakeup  = 1 << 1
	EnterSQWait    = 1 << 2
	EnterExtArg    = 1 << 3 // 5.11
	EnterNoIOWait  = 1 << 7 // 6.15 (FeatNoIOWait): a wait does not count as one for a disk
)

// Flags in the submission ring.
const (
	SQNeedWakeup = 1 << 0
	SQCQOverflow = 1 << 1
	SQTaskrun    = 1 << 2 // 5.19
)

// Opcodes of io_uring_register.
const (
	UnregisterBuffers      = 1
	RegisterIOWQAff        = 17 // 5.14
	RegisterIOWQMaxWorkers = 19 // 5.15
	RegisterPbufRing       = 22 // 5.19
)

// Flags in a completion.
const (
	CQEFBuffer     = 1 << 0 // the upper 16 bits of flags are a buffer's id
	CQEFMore       = 1 << 1 // the request goes on
	CQEFNotif      = 1 << 3 // 6.0: the memory of a zero-copy send is free again
	CQEBufferShift = 16
)

// Values of an SQE's ioprio field.
const (
	RecvPollFirst   = 1 << 0 // IORING_RECVSEND_POLL_FIRST, 5.19
	RecvMultishot   = 1 << 1 // IORING_RECV_MULTISHOT, 6.0
	AcceptMultishot = 1 << 0 // IORING_ACCEPT_MULTISHOT, 5.19
)

// Flags of a zero-copy send, in ioprio, and what its notification then says.
const (
	SendZCReportUsage = 1 << 3  // 6.2
	NotifUsageCopied  = 1 << 31 // the kernel has copied after all
)

// FsyncDatasync makes an fsync an fdatasync.
const FsyncDatasync = 1 << 0

// BufReg is struct io_uring_buf_reg, the argument of RegisterPbufRing.
type BufReg struct {
	RingAddr    uint64
	RingEntries uint32
	Bgid        uint16
	Flags       uint16
	Resv        [3]uint64
}

// GeteventsArg is struct io_uring_getevents_arg, the argument of an enter
// with EnterExtArg.
type GeteventsArg struct {
	Sigmask     uint64
	SigmaskSize uint32
	MinWaitUsec uint32 // 6.12 (FeatMinTimeout); padding before
	Timespec    uint64 // address of a KernelTimespec
}

// KernelTimespec is struct __kernel_timespec.
type KernelTimespec struct {
	Sec  int64
	Nsec int64
}
