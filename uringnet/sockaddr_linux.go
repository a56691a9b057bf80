package uringnet

import (
	"net"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// tcpAddrs returns both ends of a connected TCP socket. The peer's comes by
// SO_PEERNAME, which unlike getpeername(2) still answers when the connection
// was reset while it waited to be accepted (sk_getsockopt, net/core/sock.c).
func tcpAddrs(sysfd int) (local, remote net.Addr, err error) {
	lsa, err := unix.Getsockname(sysfd)
	if err != nil {
		return nil, nil, err
	}
	_, v6 := lsa.(*unix.SockaddrInet6)
	rsa, err := peerName(sysfd, v6)
	if err != nil {
		return nil, nil, err
	}
	return tcpAddr(lsa), rsa, nil
}

func tcpAddr(sa unix.Sockaddr) net.Addr {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: sa.Addr[:], Port: sa.Port}
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: sa.Addr[:], Port: sa.Port, Zone: zoneName(sa.ZoneId)}
	}
	return nil
}

// zoneName returns the IPv6 zone of an interface index as net writes it.
func zoneName(index uint32) string {
	if index == 0 {
		return ""
	}
	if ifi, err := net.InterfaceByIndex(int(index)); err == nil {
		return ifi.Name
	}
	return strconv.FormatUint(uint64(index), 10)
}

// unixAddrs returns both ends of a connected unix socket.
func unixAddrs(sysfd int) (local, remote net.Addr, err error) {
	lsa, err := unix.Getsockname(sysfd)
	if err != nil {
		return nil, nil, err
	}
	local = unixAddr(lsa)
	remote = &net.UnixAddr{Net: "unix"}
	if rsa, err := unix.Getpeername(sysfd); err == nil {
		remote = unixAddr(rsa)
	}
	return local, remote, nil
}

func unixAddr(sa unix.Sockaddr) net.Addr {
	if sa, ok := sa.(*unix.SockaddrUnix); ok {
		return &net.UnixAddr{Name: sa.Name, Net: "unix"}
	}
	return nil
}

// dupSocket duplicates the descriptor of one of net's types.
func dupSocket(c syscall.Conn) (sysfd int, err error) {
	rc, err := c.SyscallConn()
	if err != nil {
		return -1, err
	}
	var dupErr error
	err = rc.Control(func(fd uintptr) {
		sysfd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil {
		err = dupErr
	}
	if err != nil {
		return -1, err
	}
	return sysfd, nil
}

func closeSocket(sysfd int) { unix.Close(sysfd) }
