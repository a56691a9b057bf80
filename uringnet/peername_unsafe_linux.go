package uringnet

import (
	"encoding/binary"
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peerName returns the peer's address of a TCP socket by SO_PEERNAME, which
// wants to be asked for no more bytes than the family's address has.
func peerName(sysfd int, v6 bool) (net.Addr, error) {
	var sa unix.RawSockaddrInet6 // the larger of the two families
	size := uint32(unix.SizeofSockaddrInet4)
	if v6 {
		size = unix.SizeofSockaddrInet6
	}
	_, _, errno := syscall.Syscall6(unix.SYS_GETSOCKOPT, uintptr(sysfd), unix.SOL_SOCKET, unix.SO_PEERNAME,
		uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return nil, errno
	}
	port := func(p *uint16) int { return int(binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(p))[:])) }
	switch sa.Family {
	case unix.AF_INET:
		// sockaddr_in is smaller than sa, which holds it.
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(&sa))
		ip := in.Addr
		return &net.TCPAddr{IP: ip[:], Port: port(&in.Port)}, nil
	case unix.AF_INET6:
		ip := sa.Addr
		return &net.TCPAddr{IP: ip[:], Port: port(&sa.Port), Zone: zoneName(sa.Scope_id)}, nil
	}
	return nil, syscall.EAFNOSUPPORT
}
