package poller

// Events receives what happens on an FD that Serve has handed over. Its
// methods are called on the goroutine of the FD's home core that serves events, one at
// a time for each core, without any of the poller's locks. They must not block:
// no other event-driven connection of the core gets on meanwhile.
type Events interface {
	// Opened is the first call.
	Opened()
	// Data takes bytes in the buffer where the kernel put them. b is valid
	// during the call only.
	Data(b []byte)
	// Writable is called when Push has refused output and half of what it allows
	// has gone.
	Writable()
	// Closed is the last call: io.EOF when the peer has ended its side, else
	// why the FD was closed.
	Closed(err error)
}
