//go:build linux || darwin || freebsd

package store

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// errQuota is what a write says when a quota is used up.
const errQuota = syscall.EDQUOT

// freeBytes is what users may still write to a directory's file system.
func freeBytes(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil
}
