// Package load makes load on a server from one thread, at less cost than the
// server's own: an epoll loop over raw descriptors. Every connection plays
// ping-pong: it sends a request, waits for the whole reply, checks it, records
// how long that took, and sends the next.
//
// A Client belongs to one goroutine at a time, which should be locked to its
// thread.
package load
