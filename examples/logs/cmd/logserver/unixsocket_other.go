//go:build !unix

package main

import "io/fs"

// withMask calls f: there is no umask here.
func withMask(_ fs.FileMode, f func() error) error { return f() }

// setGroup does nothing: files have no group here.
func setGroup(string, int) error { return nil }
