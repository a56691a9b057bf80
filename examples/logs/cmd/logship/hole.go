package main

import "os"

// nextData returns the first offset from at on that holds data, not a hole. ok is
// false if there is none, or if the system does not say.
func nextData(f *os.File, at int64) (offset int64, ok bool) {
	if seekData < 0 {
		return at, true
	}
	offset, err := f.Seek(at, seekData)
	switch {
	case err == nil:
		return max(offset, at), true
	case noData(err):
		return at, false
	}
	return at, true // a file system that knows no holes
}
