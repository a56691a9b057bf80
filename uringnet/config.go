package uringnet

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/uringnet/go-uringnet/poller"
)

// DriveMode is the way the rings are driven.
type DriveMode = poller.Mode

// The drive modes.
const (
	ModeShared    = poller.Shared    // the default: rings driven from Go's own threads
	ModeDedicated = poller.Dedicated // a locked OS thread for each ring
	ModeSQPoll    = poller.SQPoll    // a kernel thread polls each submission queue
)

// ReceiveMode is the way connections receive.
type ReceiveMode = poller.Receive

// The ways of receiving.
const (
	ReceiveAuto      = poller.ReceiveAuto      // the engine chooses
	ReceiveSingle    = poller.ReceiveSingle    // sticky single-shot receives
	ReceiveMultishot = poller.ReceiveMultishot // multishot receives (kernel 6.0)
)

// DirectRecv says whether Read tries recv(2) before it arms a receive.
type DirectRecv = poller.DirectRecv

// The values of DirectRecv.
const (
	DirectRecvAuto   = poller.DirectRecvAuto   // predicted for each connection
	DirectRecvAlways = poller.DirectRecvAlways // always try first
	DirectRecvNever  = poller.DirectRecvNever  // always leave it to the ring
)

// Feature is a set of features that can be switched off.
type Feature = poller.Feature

// The features; see package poller for the kernel each needs.
const (
	FeatProvidedBuffers = poller.FeatProvidedBuffers
	FeatMultishotAccept = poller.FeatMultishotAccept
	FeatMultishotRecv   = poller.FeatMultishotRecv
	FeatCoopTaskrun     = poller.FeatCoopTaskrun
	FeatSingleIssuer    = poller.FeatSingleIssuer
	FeatDeferTaskrun    = poller.FeatDeferTaskrun
	FeatExtArg          = poller.FeatExtArg
	FeatMinTimeout      = poller.FeatMinTimeout
	FeatInlineSubmit    = poller.FeatInlineSubmit
	FeatEagerRecv       = poller.FeatEagerRecv
	FeatLinks           = poller.FeatLinks
	FeatSendZC          = poller.FeatSendZC
)

// FallbackPolicy says what happens where io_uring cannot be used.
type FallbackPolicy uint8

// The policies.
const (
	// FallbackAuto runs on the standard library and says why in Status.
	FallbackAuto FallbackPolicy = iota
	// FallbackNever makes NewEngine return an error that names the cause.
	FallbackNever
	// FallbackAlways never tries io_uring.
	FallbackAlways
)

var fallbackNames = [...]string{FallbackAuto: "auto", FallbackNever: "never", FallbackAlways: "always"}

// String returns the policy's name.
func (p FallbackPolicy) String() string {
	if int(p) < len(fallbackNames) {
		return fallbackNames[p]
	}
	return fmt.Sprintf("FallbackPolicy(%d)", uint8(p))
}

// Config configures an Engine. The zero value of every field is a good
// default; NewEngine answers a bad value with a *poller.ConfigError.
type Config struct {
	// Rings is the number of rings, each with its poller goroutine; 0 means
	// GOMAXPROCS at start.
	Rings int
	// SQEntries and CQEntries are the sizes of each ring's queues, powers of
	// two; 0 means 1024, and four times SQEntries.
	SQEntries, CQEntries int
	// Mode is the drive mode.
	Mode DriveMode
	// SQPollCPUs pins ring i's kernel thread to CPU SQPollCPUs[i mod len]
	// (ModeSQPoll only); empty means not pinned.
	SQPollCPUs []int
	// SQPollIdle is how long that thread polls before it sleeps; 0 means 2 s.
	SQPollIdle time.Duration
	// BatchWait is how long ModeDedicated may hold back completions so as to
	// reap them in batches; 0 means not at all.
	BatchWait time.Duration
	// BufferSize is the size of a provided receive buffer in bytes; 0 means
	// 16 KiB. BufferCount is the number of them for each ring, a power of
	// two; 0 means 1024.
	BufferSize, BufferCount int
	// MaxConnBuffers is how many of them one connection may hold; 0 means 4.
	MaxConnBuffers int
	// Transfer is the way bytes are moved in ModeShared.
	Transfer poller.Transfer
	// Receive forces a way of receiving; the default lets the engine choose.
	Receive ReceiveMode
	// DirectRecv forces whether recv(2) is tried before a receive is armed.
	DirectRecv DirectRecv
	// FixedFiles is the size of each ring's table of registered files, which
	// spares the kernel a look-up for each request, and costs a system call
	// for each connection opened and closed; 0 means none. Not with
	// ModeDedicated.
	FixedFiles int
	// FixedBuffers and FixedBufferSize are the number and the size in bytes of
	// the registered buffers for files (Engine.FixedBuffers); 0 means 1024 of
	// 4 KiB.
	FixedBuffers, FixedBufferSize int
	// IOWQBounded and IOWQUnbounded limit the kernel's own workers for each
	// thread that submits: for regular files, and for all else (kernel 5.15). 0
	// means the kernel's choice.
	IOWQBounded, IOWQUnbounded int
	// IOWQCPUs are the CPUs of those workers; empty means all. With
	// ModeDedicated and ModeSQPoll only.
	IOWQCPUs []int
	// ZeroCopySend is the length from which a Write on TCP is sent without
	// copying (kernel 6.2); 0 means never. Such a
	// Write returns when the peer has acknowledged the bytes; a deadline or a
	// Close that ends it earlier resets the connection.
	ZeroCopySend int
	// IdleTimeout closes connections on which nothing was received or sent
	// for that long; 0 means never. Calls on them then return ErrIdle.
	IdleTimeout time.Duration
	// Disable switches features off, as if the kernel lacked them.
	Disable Feature
	// Fallback says what happens where io_uring cannot be used.
	Fallback FallbackPolicy
	// Logger receives the one line about a fallback and unexpected errors;
	// nil means slog.Default().
	Logger *slog.Logger
}

// poller returns the part of the configuration that the rings take.
func (c *Config) poller() poller.Config {
	return poller.Config{
		Rings: c.Rings, SQEntries: c.SQEntries, CQEntries: c.CQEntries,
		Mode: c.Mode, SQPollCPUs: c.SQPollCPUs, SQPollIdle: c.SQPollIdle, BatchWait: c.BatchWait,
		BufferSize: c.BufferSize, BufferCount: c.BufferCount, MaxConnBuffers: c.MaxConnBuffers,
		Receive: c.Receive, DirectRecv: c.DirectRecv, FixedFiles: c.FixedFiles, IdleTimeout: c.IdleTimeout,
		FixedBuffers: c.FixedBuffers, FixedBufferSize: c.FixedBufferSize,
		IOWQBounded: c.IOWQBounded, IOWQUnbounded: c.IOWQUnbounded, IOWQCPUs: c.IOWQCPUs, ZeroCopySend: c.ZeroCopySend,
		Disable: c.Disable, Logger: c.Logger,
	}
}
