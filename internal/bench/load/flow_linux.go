package load

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// flows are connections on which bytes go one way.
type flows struct {
	// Spin is whether the loop polls in place of sleeping, see Client.Spin.
	Spin bool

	addr    netip.AddrPort
	segment int // see connect
	epfd    int
	conns   []flow
	events  []unix.EpollEvent
	hist    Histogram
}

// flow is one connection.
type flow struct {
	fd     int
	off    int    // bytes of the whole stream so far
	rest   []byte // of what is being sent
	served uint64 // bytes since ResetFairness
	header bool   // an HTTP header is still to come
}

func newFlows(addr string) (f flows, err error) {
	if f.addr, err = netip.ParseAddrPort(addr); err != nil {
		return f, err
	}
	if f.epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return f, os.NewSyscallError("epoll_create1", err)
	}
	f.events = make([]unix.EpollEvent, maxEvents)
	return f, nil
}

// dial opens n connections. None waits for any event yet.
func (f *flows) dial(n int) error {
	for i := range n {
		fd, err := connect(f.addr, f.segment)
		if err != nil {
			return fmt.Errorf("connection %d of %d: %w", i+1, n, err)
		}
		f.conns = append(f.conns, flow{fd: fd})
		ev := unix.EpollEvent{Fd: int32(i)}
		if err := unix.EpollCtl(f.epfd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
			return os.NewSyscallError("epoll_ctl", err)
		}
	}
	return nil
}

// want sets the events that every connection waits for.
func (f *flows) want(events uint32) error {
	for i := range f.conns {
		if err := f.wantOne(i, events); err != nil {
			return err
		}
	}
	return nil
}

func (f *flows) wantOne(i int, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(i)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(f.epfd, unix.EPOLL_CTL_MOD, f.conns[i].fd, &ev))
}

// poll waits for events, not long.
func (f *flows) poll() ([]unix.EpollEvent, error) {
	millis := 100
	if f.Spin {
		millis = 0
	}
	n, errno := rawEpollWait(f.epfd, f.events, millis)
	if errno != 0 && errno != unix.EINTR {
		return nil, os.NewSyscallError("epoll_wait", errno)
	}
	return f.events[:n], nil
}

// closeConns closes the connections.
func (f *flows) closeConns() {
	for i := range f.conns {
		_ = unix.Close(f.conns[i].fd)
	}
	f.conns = f.conns[:0]
}

// Close closes everything.
func (f *flows) Close() {
	f.closeConns()
	_ = unix.Close(f.epfd)
}

// Latency is empty, but for loads that say otherwise.
func (f *flows) Latency() *Histogram { return &f.hist }

// ResetFairness begins a new count for Fairness.
func (f *flows) ResetFairness() {
	for i := range f.conns {
		f.conns[i].served = 0
	}
}

// Fairness returns the shares of the slowest and the fastest connection, as
// multiples of the mean, since ResetFairness.
func (f *flows) Fairness() (slowest, fastest float64) {
	served := make([]uint64, len(f.conns))
	for i := range f.conns {
		served[i] = f.conns[i].served
	}
	return shares(served)
}

// shares returns the least and the greatest of served, as multiples of the
// mean; 0 if there is nothing.
func shares(served []uint64) (slowest, fastest float64) {
	var sum, hi uint64
	lo := ^uint64(0)
	for _, n := range served {
		sum += n
		lo, hi = min(lo, n), max(hi, n)
	}
	if sum == 0 {
		return 0, 0
	}
	mean := float64(sum) / float64(len(served))
	return float64(lo) / mean, float64(hi) / mean
}

// pattern is what a stream holds: the byte at offset i is i modulo patternLen.
const patternLen = 251

// newPattern returns enough of it to take n bytes from any offset.
func newPattern(n int) []byte {
	b := make([]byte, n+patternLen)
	for i := range b {
		b[i] = byte(i % patternLen)
	}
	return b
}

// units divides a count of bytes into operations.
func units(bytes, unit int) uint64 { return uint64(bytes / unit) }

// tooLong is whether a run that began then, to last d, must be given up.
func tooLong(begin time.Time, d time.Duration) bool { return time.Since(begin) > d+drainLimit }
