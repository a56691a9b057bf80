// Package abi is the one door to the kernel's io_uring ABI: what is used of
// github.com/iceber/iouring-go/syscall, what is newer than that package, and system
// calls that allocate nothing. Numbers are those of include/uapi/linux/io_uring.h;
// the version after each is the kernel that brought it.
package abi
