//go:build !windows

package datagram

import "syscall"

const errTooLong = syscall.EMSGSIZE
