// Package logload puts load on a log server from one thread: an epoll loop over
// raw descriptors, with batches rendered beforehand, so that it costs less than
// any server. Logs are 100 bytes, of RFC 5424.
//
// A Client belongs to one goroutine, locked to its thread.
package logload
