package uringnet

import "golang.org/x/sys/unix"

// isBlocking reports whether a descriptor is in blocking mode.
func isBlocking(sysfd int) bool {
	flags, err := unix.FcntlInt(uintptr(sysfd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_NONBLOCK == 0
}
