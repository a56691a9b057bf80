// Package bufpool holds the memory that bytes pass through: rings of buffers
// that the kernel receives into (provided buffers), and elastic buffers for
// bytes that must outlive them.
//
// # Ownership
//
// A provided buffer is owned by the kernel from Release (or New) until a
// completion names its id; then by whoever handles that completion, who hands
// it on with the bytes, until Release. Nobody reads a buffer after releasing
// it. Release may be called from any goroutine; each id must be released once
// for each completion that named it, which InUse lets tests check; a second
// Release panics before it does harm.
//
// An elastic buffer is owned by whoever called Get until Put, and the same holds.
//
// Where the owner is a caller outside, who may copy what it was given, the right
// to give a buffer back travels as a Lease: of all its copies the first Return
// counts, and the others do nothing.
package bufpool
