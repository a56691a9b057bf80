//go:build !linux || go1.28

package rt

import "syscall"

// HasNetpoll says that OpenNetpoll can be used.
const HasNetpoll = false

// OpenNetpoll and what follows are not there.
func OpenNetpoll(int) (Netpoll, syscall.Errno) { return 0, syscall.ENOSYS }

func (Netpoll) Wait(int) (ready, broken bool) { return false, true }
func (Netpoll) Kick(int)                      {}
func (Netpoll) Calm(int)                      {}
func (Netpoll) Unblock()                      {}
func (Netpoll) Release()                      {}
