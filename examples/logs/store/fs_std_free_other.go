//go:build !linux && !darwin && !freebsd

package store

import (
	"errors"
	"syscall"
)

// errQuota is no error here.
const errQuota = syscall.Errno(1<<31 - 1)

// freeBytes is not known here.
func freeBytes(string) (uint64, error) {
	return 0, errors.ErrUnsupported
}
