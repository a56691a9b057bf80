// Package ring is one io_uring: its set-up, its two queues, its provided buffers,
// what is registered with it, and a probe of what the kernel can do. It knows nothing
// of sockets or files, nor who drives it.
//
// # Contract
//
// Push may be called from anywhere and never blocks on the kernel. Submit and Reap
// may be called from any goroutine, but on a ring with a single issuer from its
// thread only. Completions are handed on by whoever reaps, with the queue's lock
// held. When a Submit and a Reap after it have returned, every request pushed before
// that ends inside the call that submits it (MSG_DONTWAIT) has been handed on, by
// this caller or another, unless Submit returned an errno.
//
// # Lock order
//
//	cqMu     held while completions are read and handed on
//	enterMu  held while requests are submitted
//	sqMu     the submission queue; innermost
package ring
