package uringnet

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

var errAppend error = unix.EINVAL

func datasync(f *os.File) error {
	return control(f, func(sysfd int) error { return unix.Fdatasync(sysfd) })
}

func allocate(f *os.File, off, n int64, keepSize bool) error {
	var mode uint32
	if keepSize {
		mode = unix.FALLOC_FL_KEEP_SIZE
	}
	return control(f, func(sysfd int) error { return unix.Fallocate(sysfd, mode, off, n) })
}

// control runs call on f's descriptor.
func control(f *os.File, call func(sysfd int) error) error {
	rc, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var cerr error
	err = rc.Control(func(sysfd uintptr) {
		for cerr = call(int(sysfd)); errors.Is(cerr, unix.EINTR); {
			cerr = call(int(sysfd))
		}
	})
	if err == nil && cerr != nil {
		err = &fs.PathError{Op: "sync", Path: f.Name(), Err: cerr}
	}
	return err
}

// statRing is Stat of a file on a ring.
func statRing(f *File) (info fs.FileInfo, err error) {
	cerr := f.Control(func(sysfd uintptr) {
		dup, derr := unix.FcntlInt(sysfd, unix.F_DUPFD_CLOEXEC, 0)
		if derr != nil {
			err = os.NewSyscallError("dup", derr)
			return
		}
		std := os.NewFile(uintptr(dup), f.name)
		defer std.Close()
		info, err = std.Stat()
	})
	if cerr != nil {
		return nil, cerr
	}
	return info, err
}
