//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// inode returns what names a file on this machine.
func inode(info fs.FileInfo) (device, inode uint64) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Dev), uint64(st.Ino) // their types differ between systems
	}
	return 0, 0
}

// unlinked reports whether a file that is open has no name any more.
func unlinked(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}

// syncDir makes a rename in a directory last.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
