package abi

import (
	"unsafe"

	iouring "github.com/iceber/iouring-go/syscall"
)

// The layouts of include/uapi/linux/io_uring.h. A negative index does not compile.
const (
	_ = -(unsafe.Sizeof(SQE{}) ^ 64)
	_ = -(unsafe.Sizeof(CQE{}) ^ 16)
	_ = -(unsafe.Sizeof(Params{}) ^ 120)
	_ = -(unsafe.Offsetof(Params{}.SQOffset) ^ 40)
	_ = -(unsafe.Offsetof(Params{}.CQOffset) ^ 80)
	_ = -(unsafe.Offsetof(Params{}.Features) ^ 20)
	_ = -(unsafe.Offsetof(iouring.SubmissionQueueRingOffset{}.Array) ^ 24)
	_ = -(unsafe.Offsetof(iouring.CompletionQueueRingOffset{}.Cqes) ^ 20)
	_ = -(unsafe.Sizeof(BufReg{}) ^ 40)
	_ = -(unsafe.Sizeof(GeteventsArg{}) ^ 24)
	_ = -(unsafe.Sizeof(KernelTimespec{}) ^ 16)
)
