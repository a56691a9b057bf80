//go:build linux && !go1.28

package rt

import (
	"syscall"
	_ "unsafe" // for go:linkname
)

// The runtime hands its netpoller to internal/poll by linkname (runtime/netpoll.go), which
// reaches other packages too (cmd/link's blockedLinknames does not name these). Whether a
// new Go still lets it is looked at before its version is taken off the build tag.

//go:linkname runtime_pollServerInit internal/poll.runtime_pollServerInit
func runtime_pollServerInit()

//go:linkname runtime_pollOpen internal/poll.runtime_pollOpen
func runtime_pollOpen(fd uintptr) (uintptr, int)

//go:linkname runtime_pollWait internal/poll.runtime_pollWait
func runtime_pollWait(ctx uintptr, mode int) int

//go:linkname runtime_pollSetDeadline internal/poll.runtime_pollSetDeadline
func runtime_pollSetDeadline(ctx uintptr, d int64, mode int)

//go:linkname runtime_pollUnblock internal/poll.runtime_pollUnblock
func runtime_pollUnblock(ctx uintptr)

//go:linkname runtime_pollClose internal/poll.runtime_pollClose
func runtime_pollClose(ctx uintptr)

// HasNetpoll says that OpenNetpoll can be used.
const HasNetpoll = true

// OpenNetpoll has the runtime's netpoller report on a descriptor, by edges, until Release.
func OpenNetpoll(sysfd int) (Netpoll, syscall.Errno) {
	runtime_pollServerInit()
	ctx, errno := runtime_pollOpen(uintptr(sysfd))
	return Netpoll(ctx), syscall.Errno(errno)
}

// Wait returns when the descriptor has become ready to read ('r') or write ('w') since the
// last Wait, or since it was opened; or when Kick was called and Calm was not, or Unblock
// was: ready is false then. broken says that it cannot be waited for, as an error is pending
// and nothing else (pollErrNotPollable). For each mode one goroutine at a time may call it.
func (n Netpoll) Wait(mode int) (ready, broken bool) {
	code := runtime_pollWait(uintptr(n), mode)
	return code == 0, code == 3
}

// Kick wakes whoever waits, and lets nobody wait until Calm: as deadlines that are over do.
func (n Netpoll) Kick(mode int) { runtime_pollSetDeadline(uintptr(n), -1, mode) }

// Calm ends Kick.
func (n Netpoll) Calm(mode int) { runtime_pollSetDeadline(uintptr(n), 0, mode) }

// Unblock wakes whoever waits, for good. It is called once, before Release.
func (n Netpoll) Unblock() { runtime_pollUnblock(uintptr(n)) }

// Release ends the reports, before the descriptor is closed. Everybody who waited has to
// have returned.
func (n Netpoll) Release() { runtime_pollClose(uintptr(n)) }
