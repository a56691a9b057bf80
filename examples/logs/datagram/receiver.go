package datagram

import (
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// A Conn is a socket that datagrams come to: a net.UDPConn or a net.UnixConn.
type Conn interface {
	net.PacketConn
	syscall.Conn
}

// A Message is one datagram.
type Message struct {
	// Data is what it has, or its beginning. It is valid until the next call of the
	// Receiver.
	Data []byte
	// From is the sender's address, IPv4 as such; invalid if it has none.
	From netip.AddrPort
	// Cut says that the datagram was longer than Data.
	Cut bool
}

// A Receiver takes datagrams off a socket. Receive and Rest are called by one
// goroutine, Dropped by any.
type Receiver struct {
	in    receiver
	drops drops
}

// receiver is how a system receives.
type receiver interface {
	// receive returns what is there, at least one datagram; if wait is false it may
	// be none.
	receive(wait bool) ([]Message, error)
	// dropped asks the kernel how many datagrams it has dropped, ever, modulo 1<<32.
	dropped() (uint32, bool)
}

// NewReceiver returns a Receiver of at most count datagrams at a time, and size bytes
// of each. It has count buffers of that size. The socket stays the caller's.
func NewReceiver(c Conn, count, size int) (*Receiver, error) {
	r := new(Receiver)
	in, err := newReceiver(c, max(count, 1), max(size, 1), &r.drops)
	r.in = in
	return r, err
}

// Receive waits for datagrams and returns those that are there. The error is the
// socket's: net.ErrClosed, or os.ErrDeadlineExceeded after its SetReadDeadline.
func (r *Receiver) Receive() ([]Message, error) { return r.in.receive(true) }

// Rest returns datagrams that are there without waiting, also after the deadline;
// none if there are none. Systems without recvmmsg return none.
func (r *Receiver) Rest() ([]Message, error) { return r.in.receive(false) }

// Dropped returns how many datagrams the kernel has dropped because the socket's
// buffer was full; 0 where the system does not tell.
func (r *Receiver) Dropped() uint64 {
	if n, ok := r.in.dropped(); ok {
		r.drops.note(n)
	}
	return r.drops.sum()
}

// drops follow the kernel's counter, which has 32 bits.
type drops struct {
	mu    sync.Mutex
	last  uint32
	total uint64
}

// note takes over what the counter was at some time. Older values than the last do
// not count.
func (d *drops) note(n uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if more := n - d.last; more < 1<<31 {
		d.total += uint64(more)
		d.last = n
	}
}

func (d *drops) sum() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}
