// Package rt reaches into the runtime for the one thing that the standard
// library offers no way to: which P runs the caller.
package rt

import _ "unsafe" // for go:linkname

// The runtime keeps procPin reachable by linkname for packages like this one
// (see the comment on procPin in runtime/proc.go).

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// P returns the id of the P that the calling goroutine runs on. It may be
// outdated when P returns: use it as a hint for locality only.
func P() int {
	id := procPin()
	procUnpin()
	return id
}
