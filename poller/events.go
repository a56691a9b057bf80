package poller

// Events receives what happens on an FD that Serve has handed over. Its
// methods are called on the goroutine that drives the FD's home ring, one at a
// time for each ring, without any of the poller's locks. They must not block:
// no other connection of the ring gets on meanwhile.
type Events interface {
	// Opened is the first call.
	Opened()
	// Data takes bytes in the buffer where the kernel put them. b is valid
	// during the call only.
	Data(b []byte)
	// Closed is the last call: io.EOF when the peer has ended its side, else
	// why the FD was closed.
	Closed(err error)
}
