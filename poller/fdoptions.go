package poller

// FDOptions say what a descriptor given to Open is.
type FDOptions struct {
	// Listener is set for a listening socket: it is for Accept.
	Listener bool
	// Shared is set for a listening socket on which other processes may
	// accept too: none of its connections is then accepted ahead of Accept.
	Shared bool
	// ReadAhead allows receives to be armed before a Read asks, and to stay
	// armed when a deadline has ended the Read. It must not be set for sockets
	// whose bytes carry control data (SCM_RIGHTS), which a receive drops.
	ReadAhead bool
}
