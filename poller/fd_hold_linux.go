package poller

import (
	"sync"

	"golang.org/x/sys/unix"
)

// A Write that others seem to follow is sent with MSG_MORE: the kernel keeps what
// does not fill a segment and puts the next Write's bytes behind it, so that a
// message in several Writes is one for TCP too. What is held leaves with the next
// bytes that are not, at the end of the connection, before a Read waits, and at
// the latest when the ring's flusher comes by: after every goroutine that can run
// has had its turn, as what is batched does.

// holding is the FDs of a ring that may hold bytes back.
type holding struct {
	mu  sync.Mutex
	fds []*FD // guarded by mu
}

// maxRow is from how many Writes in a row on nothing is foretold: their end is
// too far off.
const maxRow = 64

// mayHold reports whether more Writes seem to follow this one: as many as the last
// time, or, midway, what answers the rest of a message. Only where a flusher comes by.
// A peer that nothing else is done for gains more by getting the first part at once.
// mu is held.
func (fd *FD) mayHold(r *ring, midway bool) bool {
	tx := &fd.tx
	if fd.p.cfg.Mode != Shared || tx.noHold {
		return false
	}
	return tx.row <= maxRow && tx.writes < tx.row && r.crowded() || midway
}

// holds notes that bytes were sent with MSG_MORE. mu is held.
func (fd *FD) holds(r *ring) {
	fd.tx.held = true
	if fd.tx.listed {
		return
	}
	fd.tx.listed = true
	r.held.mu.Lock()
	r.held.fds = append(r.held.fds, fd)
	r.held.mu.Unlock()
	r.drv.kick(later)
}

// uncork lets go what is held back. mu is held.
func (fd *FD) uncork() {
	if !fd.tx.held {
		return
	}
	fd.tx.held = false
	if fd.sysfd < 0 {
		return
	}
	// It pushes pending frames (__tcp_sock_set_cork, net/ipv4/tcp.c), and ends a
	// TCP_CORK that somebody has set by RawConn. Sockets that are not TCP's hold
	// nothing back.
	if unix.SetsockoptInt(fd.sysfd, unix.IPPROTO_TCP, unix.TCP_CORK, 0) != nil {
		fd.tx.noHold = true
	}
}

// uncorkAll is the flusher's.
func (r *ring) uncorkAll() {
	r.held.mu.Lock()
	fds := r.held.fds
	r.held.fds = nil
	r.held.mu.Unlock()
	for _, fd := range fds {
		fd.mu.Lock()
		fd.tx.listed = false
		fd.uncork()
		fd.mu.Unlock()
	}
}
