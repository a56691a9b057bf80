// Package datagram receives datagrams, many at a time where the system can: by
// recvmmsg on Linux, by a Read for each elsewhere. It knows which of them were longer
// than what is kept of them, and on Linux how many the kernel has dropped because
// nobody took them in time.
package datagram
