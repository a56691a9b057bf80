package datagram

import (
	"encoding/binary"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func newReceiver(c Conn, count, size int, d *drops) (receiver, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	b := &batch{raw: raw, drops: d, slots: newSlots(count, size)}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	})
	if err == nil {
		err = os.NewSyscallError("setsockopt SO_RXQ_OVFL", failed)
	}
	return b, err
}

// batch receives by recvmmsg.
type batch struct {
	raw   syscall.RawConn
	drops *drops
	slots *slots
	list  []Message
}

// receive waits by Go's poller: the socket does not block.
func (b *batch) receive(wait bool) ([]Message, error) {
	n := 0
	var failed error
	take := func(fd uintptr) (done bool) {
		for {
			n, failed = b.slots.receive(fd)
			if failed != unix.EINTR {
				return failed != unix.EAGAIN
			}
		}
	}
	var err error
	if wait {
		err = b.raw.Read(take)
	} else {
		err = b.raw.Control(func(fd uintptr) { take(fd) })
		if failed == unix.EAGAIN {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, os.NewSyscallError("recvmmsg", failed)
	}
	b.list = b.list[:0]
	for i := range n {
		b.list = append(b.list, b.slots.message(i))
	}
	if count, ok := b.slots.dropped(n - 1); ok {
		b.drops.note(count)
	}
	return b.list, nil
}

func (b *batch) dropped() (n uint32, ok bool) {
	err := b.raw.Control(func(fd uintptr) { n, ok = socketDrops(fd) })
	return n, ok && err == nil
}

// A sockaddr is the address of a sender as the kernel writes it.
type sockaddr [28]byte

// addrPort returns the address; invalid if it is not one of IP.
func (a *sockaddr) addrPort(n uint32) netip.AddrPort {
	if n < 2 {
		return netip.AddrPort{}
	}
	port := binary.BigEndian.Uint16(a[2:])
	switch family := binary.NativeEndian.Uint16(a[:]); {
	case family == unix.AF_INET && n >= 8:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a[4:8])), port)
	case family == unix.AF_INET6 && n >= 28:
		ip := netip.AddrFrom16([16]byte(a[8:24])).Unmap()
		if scope := binary.NativeEndian.Uint32(a[24:]); scope != 0 && ip.Is6() {
			ip = ip.WithZone(strconv.FormatUint(uint64(scope), 10))
		}
		return netip.AddrPortFrom(ip, port)
	}
	return netip.AddrPort{}
}

// SetBuffer sets how many bytes the kernel keeps for a socket until they are taken,
// with what it needs to manage them. It goes beyond net.core.rmem_max if the process
// may. got is what the kernel has made of it.
func SetBuffer(c Conn, size int) (got int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size)
		if failed != nil {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, size)
		}
		if failed == nil {
			got, failed = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
			got /= 2 // the kernel doubles it
		}
	})
	if err == nil {
		err = os.NewSyscallError("setsockopt SO_RCVBUF", failed)
	}
	return got, err
}
