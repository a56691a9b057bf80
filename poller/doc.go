// Package poller serves stream sockets by readiness and io_uring, and files by
// io_uring.
//
// # Contract
//
// A Poller has a core for each CPU: a loop, whose goroutine waits for the readiness of
// sockets, and a ring. An FD is a stream over a descriptor, as
// internal/poll.FD is: it knows deadlines, half-close, serialised reads and
// writes and close, and nothing of net's types. Where io_uring is missing the loops
// work alone.
//
// # The path of a byte
//
// A Read that knows of nothing waits (read_linux.go): while few FDs are ready at a time
// each by itself, in the runtime's netpoller (apart_linux.go), which wakes it when the
// socket is readable, and it calls recv(2) (recv_linux.go).
//
// Where many are ready together (crowd_linux.go), or Config.Transfer says so, they wait by
// their loop: its epoll set reports (internal/epoll, loop_linux.go), dispatch_linux.go notes
// the report on the FD's side (side_linux.go), and a Read that is parked there
// (park_linux.go) is woken and calls recv(2), or, if several are, the loop receives into
// their buffers by its ring, in one enter (batch_linux.go). A Write calls send(2), or gives
// its bytes to the loop's ring together with others (write_linux.go).
//
// With Dedicated and SQPoll the ring owns the connection: a receive stays armed, what it
// brings lies in a provided buffer (bufpool) and is copied to the Read that waits, or
// queued (armed_linux.go, and for listeners accept_linux.go). disarm_linux.go ends that:
// the FD then receives when it is ready.
//
// Event-driven, bytes are passed to a handler where they were received (events_linux.go
// runs the queues, eventfd_linux.go what comes in, eventout_linux.go what goes out).
//
// A File's operation, or a Chain's, is a task (task_linux.go): a request on a driven
// ring (core_linux.go) whose caller waits for that one completion. rerun_linux.go sees
// to those that the kernel gives up.
//
// # Floors
//
// Each names only what is below it:
//
//	poller, core, loop       make, drive and end; a loop hands what is reported up to
//	                         dispatch and to the handlers, the only two calls that run up
//	dispatch                 to whom a completion or a report goes
//	read, accept, write, raw, file, chain, event*, close, deadline   what callers call
//	recv, batch, armed, gather, zerocopy, task   one way to move bytes each
//	apart, crowd, park, watch, netpoll   wait, in which way, be told
//	calls, company, current     call the kernel
//	state                    every type, with its locks; side and life, words without any
//	internal/drive           submits and reaps, in one of three ways
//	internal/ring            one io_uring          internal/epoll   one epoll set
//	internal/slots           who a completion or a report belongs to
//	internal/abi             the kernel's ABI
//
// # Who may call what
//
// The exported methods may be called from any goroutine, also inside a bubble of
// testing/synctest if the Poller was made outside (outside_linux.go). Completions are
// handled by whoever reaps, with the ring's completion queue locked. A loop's ring is
// submitted to and reaped by the loop's two goroutines; all its requests end inside the
// enter that submits them.
//
// # Lock order
//
//	eventQueue.running  held while the handlers of event-driven FDs run
//	side.lock           serialises the callers of Read and of Write (FD.rd, FD.wr); held
//	                    while they park; a chain takes several, in the order of its FDs' slots
//	ring.cqMu           held while completions are read and handled
//	FD.mu               the state of an FD; never held across a park, nor an enter but
//	                    that which wakes a kernel thread (SQPoll)
//	ring.enterMu        held while requests are submitted
//	ring.sqMu           the submission queue; innermost, as are eventQueue.mu, callers.mu,
//	                    netpoll.mu and the locks of packages slots, drive and bufpool
//
// A lock is taken only while holding locks above it. The state of a side, and who uses a
// descriptor, are words of their own, without locks (side_linux.go, life_linux.go).
package poller
