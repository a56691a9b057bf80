package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func (f stdFile) Datasync() error {
	return f.control("fdatasync", unix.Fdatasync)
}

func (f stdFile) Allocate(off, n int64) error {
	return f.control("fallocate", func(fd int) error {
		return unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, off, n)
	})
}

// control calls a system call with the descriptor, again if a signal came.
func (f stdFile) control(op string, call func(fd int) error) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = c.Control(func(fd uintptr) {
		for {
			if failed = call(int(fd)); !errors.Is(failed, unix.EINTR) {
				return
			}
		}
	})
	if err == nil && failed != nil {
		err = &os.PathError{Op: op, Path: f.Name(), Err: failed}
	}
	return err
}

func syncDir(dir string) error {
	err := openSync(dir)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil // a file system that has no such thing
	}
	return err
}
