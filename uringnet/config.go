package uringnet

import (
	"github.com/uringnet/go-uringnet/poller"
)

// Config configures an Engine. The zero value of every field is a good
// default; NewEngine answers a bad value with a *poller.ConfigError.
type Config = poller.Config

// DriveMode is the way connections are carried.
type DriveMode = poller.Mode

// The drive modes.
const (
	ModeShared    = poller.Shared    // the default: waits by readiness, moves bytes by what costs least
	ModeDedicated = poller.Dedicated // a locked OS thread for each ring, which owns its connections
	ModeSQPoll    = poller.SQPoll    // a kernel thread polls each submission queue
)

// Transfer is the way bytes move in ModeShared.
type Transfer = poller.Transfer

// The ways of moving bytes; see package poller.
const (
	TransferAuto   = poller.TransferAuto   // by what a system call costs here
	TransferDirect = poller.TransferDirect // recv(2) and send(2)
	TransferBatch  = poller.TransferBatch  // receives that are ready together by the ring, send(2)
	TransferRing   = poller.TransferRing   // and sends too
)

// ReceiveMode is the way connections receive with ModeDedicated and ModeSQPoll.
type ReceiveMode = poller.Receive

// The ways of receiving.
const (
	ReceiveAuto      = poller.ReceiveAuto      // the engine chooses
	ReceiveSingle    = poller.ReceiveSingle    // sticky single-shot receives
	ReceiveMultishot = poller.ReceiveMultishot // multishot receives (kernel 6.0)
)

// Feature is a set of features that can be switched off.
type Feature = poller.Feature

// The features; see package poller for the kernel each needs.
const (
	FeatIOUring         = poller.FeatIOUring
	FeatProvidedBuffers = poller.FeatProvidedBuffers
	FeatMultishotAccept = poller.FeatMultishotAccept
	FeatMultishotRecv   = poller.FeatMultishotRecv
	FeatCoopTaskrun     = poller.FeatCoopTaskrun
	FeatSingleIssuer    = poller.FeatSingleIssuer
	FeatDeferTaskrun    = poller.FeatDeferTaskrun
	FeatExtArg          = poller.FeatExtArg
	FeatMinTimeout      = poller.FeatMinTimeout
	FeatLinks           = poller.FeatLinks
	FeatSendZC          = poller.FeatSendZC
)

// FallbackPolicy says what happens where io_uring cannot be used.
type FallbackPolicy = poller.FallbackPolicy

// The policies.
const (
	// FallbackAuto does without: on Linux readiness and system calls carry the
	// connections, elsewhere the standard library does. Status says why.
	FallbackAuto = poller.FallbackAuto
	// FallbackNever makes NewEngine return an error that names the cause.
	FallbackNever = poller.FallbackNever
	// FallbackAlways runs on the standard library and never tries io_uring.
	FallbackAlways = poller.FallbackAlways
)
