//go:build !linux

package store

import "runtime"

func (f stdFile) Datasync() error { return f.Sync() }

func (f stdFile) Allocate(off, n int64) error { return nil }

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // it has no such thing
	}
	return openSync(dir)
}
