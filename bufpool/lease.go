package bufpool

// Lease is the right to give one buffer back once: of a Ring, or of an Elastic.
// It is a value that may be copied along with the buffer. The first Return ends
// it; what further copies of it do is detected and does nothing, also when the
// buffer has been given to somebody else since. The zero Lease is no lease.
type Lease struct {
	gen uint32 // the buffer's generation: odd while it is out
	id  uint16 // in a Ring: which buffer
}

// out reports whether a generation is that of a buffer that is out.
func out(gen uint32) bool { return gen&1 != 0 }
