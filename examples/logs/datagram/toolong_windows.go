package datagram

import "syscall"

const errTooLong = syscall.Errno(10040) // WSAEMSGSIZE
