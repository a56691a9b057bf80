//go:build !unix

package main

import "io/fs"

// inode: there is none, a file is known by how it begins.
func inode(fs.FileInfo) (device, inode uint64) { return 0, 0 }

// unlinked: a file that is open cannot be removed.
func unlinked(fs.FileInfo) bool { return false }

// syncDir: directories cannot be synced here.
func syncDir(string) error { return nil }
