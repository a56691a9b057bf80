// Package poller drives io_uring rings for stream sockets and files.
//
// # Contract
//
// A Poller has a ring for each core. A request goes to the ring of the P that
// its goroutine runs on at that moment; its completion wakes the goroutine
// through a completion channel. An FD is a stream over a descriptor, as
// internal/poll.FD is: it knows deadlines, half-close, serialised reads and
// writes and close, and nothing of net's types.
//
// The path of a byte: a receive is armed (fd_recv_linux.go) as an SQE
// (sq_linux.go), submitted by the ring's driver (shared_linux.go,
// dedicated_linux.go, sqpoll_linux.go), completed into a provided buffer
// (bufpool.Ring), reaped (cq_linux.go), copied to the Read that waits for it and
// the buffer released (deliver, fd_read_linux.go), or queued on its FD
// (fd_recv_linux.go) and copied out by the next Read (take, fd_read_linux.go). A
// byte that is there already when Read asks comes by recv(2) alone (recvDirect,
// fd_read_linux.go); predict_linux.go says when that is tried.
//
// Event-driven, it is passed to a handler where it lies: reaped, its FD is put
// on its home ring's list (events_linux.go), and one of that ring's goroutines
// calls Events.Data (fd_events_linux.go), then sends what handlers have written
// (fd_events_out_linux.go).
//
// A File's operation, or a Chain's, is a task (task_linux.go): a request whose
// caller waits for that one completion. file_linux.go has the operations,
// chain_linux.go links them, fixed_linux.go registers memory for them,
// rerun_linux.go sees to those that the kernel has lost.
//
// When to submit is decided in shared_linux.go, whether to wait for a batch in
// fd_write_linux.go (Write), what to hold back for the next Write in
// fd_hold_linux.go; cede_linux.go lets another ring's thread go first.
//
// # Who may call what
//
// The exported methods may be called from any goroutine. push may be called
// from anywhere and never blocks on the kernel. submit and reap may be called
// from any goroutine in Shared mode; in Dedicated mode only from the ring's
// thread. Completions are handled by whoever reaps, with the ring's cqMu held.
//
// # Lock order
//
//	FD.rl, FD.wl  serialise the callers of Read and Write; held while they park;
//	              a chain takes several, in the order of its FDs' slots
//	events.run    held while the handlers of a ring's event-driven FDs run
//	ring.cqMu     held while completions are read and handled
//	FD.mu         the state of an FD; never held across a park, nor an enter but
//	              that which wakes a kernel thread (SQPoll)
//	ring.enterMu  held while requests are submitted
//	ring.sqMu     the submission queue; innermost, as are slots.mu, events.mu,
//	              holding.mu, descriptor.mu and the locks of package bufpool
//
// A lock is taken only while holding locks above it.
package poller
