// Package abi holds what the io_uring kernel ABI has beyond the package
// github.com/iceber/iouring-go/syscall: constants and structures that are
// newer, and an enter that allocates nothing. Numbers are those of
// include/uapi/linux/io_uring.h; the version after each is the kernel that
// brought it.
package abi
