package main

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// sockets calls f for each TCP socket of this process.
func sockets(f func(fd int, listens bool)) {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, name := range names {
		fd, err := strconv.Atoi(name.Name())
		if err != nil {
			continue
		}
		proto, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
		// Since Go 1.24, net listens with Multipath TCP where there is it.
		if err != nil || proto != unix.IPPROTO_TCP && proto != unix.IPPROTO_MPTCP {
			continue
		}
		listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if err == nil {
			f(fd, listens != 0)
		}
	}
}

// countSockets counts the connections of this process, and those of them that
// have TCP_NODELAY, which is not to differ from one peer to another.
func countSockets() map[string]uint64 {
	var conns, nodelay uint64
	sockets(func(fd int, listens bool) {
		if listens {
			return
		}
		conns++
		if on, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); err == nil && on != 0 {
			nodelay++
		}
	})
	return map[string]uint64{"connections": conns, "nodelay": nodelay}
}

// listenersNoDelay sets TCP_NODELAY on what this process listens with, which
// connections inherit, for peers that neither set it nor show their sockets. It
// returns the address, which not all of those peers tell.
func listenersNoDelay() (addr string, err error) {
	sockets(func(fd int, listens bool) {
		if !listens || err != nil {
			return
		}
		if err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err == nil {
			addr, err = sockAddr(fd)
		}
	})
	if err == nil && addr == "" {
		err = fmt.Errorf("the peer listens on no socket")
	}
	return addr, err
}

// sockAddr is the local address of an IPv4 socket.
func sockAddr(fd int) (string, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return "", os.NewSyscallError("getsockname", err)
	}
	sa4, ok := sa.(*unix.SockaddrInet4)
	if !ok {
		return "", fmt.Errorf("the socket has an address of type %T", sa)
	}
	return net.JoinHostPort(net.IP(sa4.Addr[:]).String(), strconv.Itoa(sa4.Port)), nil
}

// listenFD is a blocking socket that listens on a port of the kernel's choice.
func listenFD() (fd int, addr string, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, "", os.NewSyscallError("socket", err)
	}
	if err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return -1, "", os.NewSyscallError("setsockopt", err)
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return -1, "", os.NewSyscallError("bind", err)
	}
	if err = unix.Listen(fd, 65535); err != nil {
		return -1, "", os.NewSyscallError("listen", err)
	}
	addr, err = sockAddr(fd)
	return fd, addr, err
}
