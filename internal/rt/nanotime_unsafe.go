package rt

import _ "unsafe" // for go:linkname

// The runtime keeps nanotime reachable by linkname (see the comment on nanotime in
// runtime/time_nofake.go).

//go:linkname nanotime runtime.nanotime
func nanotime() int64

// Nanotime is the monotonic clock in nanoseconds. It is the real one inside a
// bubble of testing/synctest too.
func Nanotime() int64 { return nanotime() }
