// Package adopt builds Go programs whose package net runs on the engine: the logic of
// the command uringnet/adopt.
//
// # How
//
// Three things are laid over the user's own GOROOT by go build's -overlay, none of
// which changes a file there or in the program:
//
//   - The seam (seam.go): statements put into files of internal/poll, at places that are
//     found by syntax (place.go), so that a stream socket's descriptor asks an object of
//     the engine's in place of the runtime's netpoller. Locks, loops and errors stay.
//   - The glue (glue/): one file more in internal/poll, which declares what the seam
//     calls, and one in net, which sets it.
//   - The engine (engine.go): the packages that poller/stdhook consists of, with those of
//     other modules that they need, as packages below internal/uringnet of the standard
//     library, their imports renamed.
//
// The engine is part of the standard library of that build, and not a requirement of the
// program, because a requirement would raise the versions of what the program itself
// requires (minimal version selection): the build would be another program. So go.mod,
// go.sum, go.work and vendor directories have no part in this, and a test of any
// package, std's too, is built as any program is.
//
// Where the places are not as expected, nothing is built.
package adopt
