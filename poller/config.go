package poller

import (
	"fmt"
	"log/slog"
	"time"
)

// Config configures a Poller. The zero value of every field is a good default.
type Config struct {
	// Rings is the number of rings, each with its poller goroutine; 0 means GOMAXPROCS
	// at start.
	Rings int
	// SQEntries is the size of each submission queue, a power of two from 1
	// to 32768; 0 means 1024.
	SQEntries int
	// CQEntries is the size of each completion queue, a power of two that is
	// not smaller than SQEntries and at most 65536; 0 means four times
	// SQEntries. (SQEntries left at 0 becomes no larger than CQEntries.)
	CQEntries int
	// Mode is the drive mode.
	Mode Mode
	// Transfer is the way bytes move. Only with Shared.
	Transfer Transfer
	// Fallback says what happens where io_uring cannot be used.
	Fallback FallbackPolicy
	// SQPollCPUs pins the kernel thread of ring i to CPU SQPollCPUs[i mod
	// len] (IORING_SETUP_SQ_AFF). Empty: not pinned. Only with SQPoll.
	SQPollCPUs []int
	// SQPollIdle is how long the kernel thread polls before it sleeps; 0
	// means 2 s. Whole milliseconds. Only with SQPoll.
	SQPollIdle time.Duration
	// BatchWait is how long a dedicated thread may hold back completions to
	// reap them in batches (kernel 6.12, IORING_FEAT_MIN_TIMEOUT; by a second
	// wait from 5.11, IORING_FEAT_EXT_ARG; before that it is not done); 0 means not at
	// all. Only with Dedicated.
	BatchWait time.Duration
	// BufferSize is the size in bytes of a receive buffer that is lent
	// (FD.ReadBuffer), and of a provided buffer with Dedicated and SQPoll; 0 means
	// 16 KiB. From 256 to 1 MiB.
	BufferSize int
	// BufferCount is the number of provided buffers of each ring, a power of
	// two up to 32768; 0 means 1024. They are made with Dedicated and SQPoll.
	BufferCount int
	// MaxConnBuffers is how many provided buffers one connection may hold
	// before its multishot receive is stopped and what still arrives is
	// copied to user-space buffers; 0 means 4. (A single-shot receive holds
	// at most one.)
	MaxConnBuffers int
	// Receive is how connections receive with Dedicated and SQPoll.
	Receive Receive
	// FixedFiles is the size of each ring's table of registered files (5.5): the
	// first so many descriptors are entered in it, and requests on them then
	// spare the kernel a look-up. Every descriptor costs a system call for
	// each ring when it is opened and another when it is closed. 0 means no
	// table. RLIMIT_NOFILE bounds it. Only with SQPoll.
	FixedFiles int
	// FixedBuffers and FixedBufferSize are the number of registered buffers for
	// files and the size of each in bytes; 0 means 1024 of 4 KiB. All rings
	// share them. They are made by the first call of Poller.FixedBuffers.
	FixedBuffers, FixedBufferSize int
	// HugePages puts the registered buffers into huge pages that were reserved
	// (vm.nr_hugepages), as far as there are any: they may have been reserved for
	// others. Without it the kernel is asked for transparent ones.
	HugePages bool
	// IOWQBounded and IOWQUnbounded are how many workers (io-wq) the kernel may
	// have for each thread that submits: bounded ones for regular files,
	// unbounded ones for all else; 0 means the kernel's choice. They need
	// kernel 5.15.
	IOWQBounded, IOWQUnbounded int
	// IOWQCPUs are the CPUs that those workers may run on (5.14, SQPoll 6.6); empty means
	// all. Only with Dedicated and SQPoll: the setting belongs to the thread
	// that submits, and in Shared mode that may be any of Go's.
	IOWQCPUs []int
	// ZeroCopySend is the length in bytes from which a Write or a gathered
	// write on TCP is sent without copying (IORING_OP_SEND_ZC, kernel 6.2). It then returns only
	// when the kernel has let go of the memory, which is when the peer has
	// acknowledged the bytes; a deadline or a Close that
	// ends it earlier resets the connection. 0 means never: a
	// Write should not wait for its peer unless it was asked to. What it gives over
	// loopback, where the kernel copies all the same, is in benchmarks/LOG.md.
	ZeroCopySend int
	// IdleTimeout closes a connection on which no byte was received or sent
	// for that long; 0 means never. At least 1 ms.
	IdleTimeout time.Duration
	// Disable switches features off, as if the kernel lacked them.
	Disable Feature
	// Logger receives a line when io_uring cannot be used, and one for the first of
	// each kind of completion that nobody expected; nil means slog.Default().
	Logger *slog.Logger
}

// Limits and defaults of Config.
const (
	defaultSQEntries   = 1024
	defaultCQFactor    = 4
	maxSQEntries       = 32768 // IORING_MAX_ENTRIES, io_uring/io_uring.h
	maxCQEntries       = 2 * maxSQEntries
	defaultSQPollIdle  = 2 * time.Second
	defaultBufferSize  = 16 << 10
	defaultBufferCount = 1024
	maxBufferCount     = 32768 // io_register_pbuf_ring, io_uring/kbuf.c
	defaultConnBuffers = 4
	defaultFixedBufs   = 1024
	defaultFixedSize   = 4 << 10
	maxFixedBytes      = 1 << 30 // of one registered buffer: io_buffer_validate, io_uring/rsrc.c
	maxIOWQ            = 1 << 15
	maxRings           = 1024
	maxFixedFiles      = 1 << 20 // IORING_MAX_FIXED_FILES, io_uring/rsrc.c
)

// ConfigError says which field of a Config is bad, and why.
type ConfigError struct {
	Field  string // name of the field
	Value  any    // the value found
	Reason string // what it should have been
}

// Error implements error.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("uringnet: bad Config.%s %v: %s", e.Field, e.Value, e.Reason)
}

func powerOfTwo(n int) bool { return n > 0 && n&(n-1) == 0 }

// Normalize checks c and fills in its defaults. gomaxprocs is what Rings
// becomes when it is 0.
func (c *Config) Normalize(gomaxprocs int) error {
	if c.Rings == 0 {
		c.Rings = gomaxprocs
	}
	if c.SQEntries == 0 {
		c.SQEntries = defaultSQEntries
		if c.CQEntries > 0 {
			c.SQEntries = min(defaultSQEntries, c.CQEntries)
		}
	}
	if c.CQEntries == 0 {
		c.CQEntries = min(defaultCQFactor*c.SQEntries, maxCQEntries)
	}
	if c.SQPollIdle == 0 {
		c.SQPollIdle = defaultSQPollIdle
	}
	if c.BufferSize == 0 {
		c.BufferSize = defaultBufferSize
	}
	if c.BufferCount == 0 {
		c.BufferCount = defaultBufferCount
	}
	if c.MaxConnBuffers == 0 {
		c.MaxConnBuffers = max(1, min(defaultConnBuffers, c.BufferCount))
	}
	if c.FixedBuffers == 0 {
		c.FixedBuffers = defaultFixedBufs
	}
	if c.FixedBufferSize == 0 {
		c.FixedBufferSize = defaultFixedSize
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if err := c.checkFiles(); err != nil {
		return err
	}
	return c.check()
}

// check reports the first bad field of a Config whose defaults are filled in.
func (c *Config) check() error {
	bad := func(field string, value any, reason string) error {
		return &ConfigError{Field: field, Value: value, Reason: reason}
	}
	switch {
	case c.Rings < 1 || c.Rings > maxRings:
		return bad("Rings", c.Rings, "want 1 to 1024")
	case !powerOfTwo(c.SQEntries) || c.SQEntries > maxSQEntries:
		return bad("SQEntries", c.SQEntries, "want a power of two from 1 to 32768")
	case !powerOfTwo(c.CQEntries) || c.CQEntries < c.SQEntries || c.CQEntries > maxCQEntries:
		return bad("CQEntries", c.CQEntries, "want a power of two from SQEntries to 65536")
	case int(c.Mode) >= len(modeNames):
		return bad("Mode", c.Mode, "want Shared, Dedicated or SQPoll")
	case c.Mode != SQPoll && len(c.SQPollCPUs) > 0:
		return bad("SQPollCPUs", c.SQPollCPUs, "only with mode sqpoll")
	case c.SQPollIdle < time.Millisecond || c.SQPollIdle > time.Hour:
		return bad("SQPollIdle", c.SQPollIdle, "want 1ms to 1h")
	case c.BatchWait < 0 || c.BatchWait > time.Second:
		return bad("BatchWait", c.BatchWait, "want 0 to 1s")
	case c.BatchWait > 0 && c.Mode != Dedicated:
		return bad("BatchWait", c.BatchWait, "only with mode dedicated")
	case c.BufferSize < 256 || c.BufferSize > 1<<20:
		return bad("BufferSize", c.BufferSize, "want 256 to 1048576 bytes")
	case !powerOfTwo(c.BufferCount) || c.BufferCount > maxBufferCount:
		return bad("BufferCount", c.BufferCount, "want a power of two from 1 to 32768")
	case c.MaxConnBuffers < 1 || c.MaxConnBuffers > c.BufferCount:
		return bad("MaxConnBuffers", c.MaxConnBuffers, "want 1 to BufferCount")
	case int(c.Transfer) >= len(transferNames):
		return bad("Transfer", c.Transfer, "want TransferAuto, TransferDirect, TransferBatch or TransferRing")
	case c.Transfer != TransferAuto && c.Mode != Shared:
		return bad("Transfer", c.Transfer, "only with mode shared")
	case int(c.Fallback) >= len(fallbackNames):
		return bad("Fallback", c.Fallback, "want FallbackAuto, FallbackNever or FallbackAlways")
	case int(c.Receive) >= len(receiveNames):
		return bad("Receive", c.Receive, "want ReceiveAuto, ReceiveSingle or ReceiveMultishot")
	case c.Receive != ReceiveAuto && c.Mode == Shared:
		return bad("Receive", c.Receive, "only with mode dedicated or sqpoll")
	case c.FixedFiles < 0 || c.FixedFiles > maxFixedFiles:
		return bad("FixedFiles", c.FixedFiles, "want 0 to 1048576")
	case c.FixedFiles > 0 && c.Mode != SQPoll:
		return bad("FixedFiles", c.FixedFiles, "only with mode sqpoll")
	case c.IdleTimeout < 0 || c.IdleTimeout > 0 && c.IdleTimeout < time.Millisecond:
		return bad("IdleTimeout", c.IdleTimeout, "want 0 or at least 1ms")
	case c.Disable&^AllFeatures != 0:
		return bad("Disable", uint32(c.Disable), "unknown feature bits")
	}
	for _, cpu := range c.SQPollCPUs {
		if cpu < 0 {
			return bad("SQPollCPUs", c.SQPollCPUs, "CPU numbers are not negative")
		}
	}
	return nil
}

// checkFiles is check for the fields that files use.
func (c *Config) checkFiles() error {
	bad := func(field string, value any, reason string) error {
		return &ConfigError{Field: field, Value: value, Reason: reason}
	}
	switch {
	case c.FixedBufferSize < 512 || c.FixedBufferSize > maxFixedBytes:
		return bad("FixedBufferSize", c.FixedBufferSize, "want 512 bytes to 1 GiB")
	case c.FixedBuffers < 1 || c.FixedBuffers > maxFixedBytes/c.FixedBufferSize:
		return bad("FixedBuffers", c.FixedBuffers, "want at least 1, and at most 1 GiB together")
	case c.IOWQBounded < 0 || c.IOWQBounded > maxIOWQ:
		return bad("IOWQBounded", c.IOWQBounded, "want 0 to 32768")
	case c.IOWQUnbounded < 0 || c.IOWQUnbounded > maxIOWQ:
		return bad("IOWQUnbounded", c.IOWQUnbounded, "want 0 to 32768")
	case len(c.IOWQCPUs) > 0 && c.Mode == Shared:
		return bad("IOWQCPUs", c.IOWQCPUs, "only with mode dedicated or sqpoll")
	case c.ZeroCopySend < 0:
		return bad("ZeroCopySend", c.ZeroCopySend, "want 0 or a length in bytes")
	}
	for _, cpu := range c.IOWQCPUs {
		if cpu < 0 || cpu >= 1024 {
			return bad("IOWQCPUs", c.IOWQCPUs, "want CPU numbers from 0 to 1023")
		}
	}
	return nil
}
