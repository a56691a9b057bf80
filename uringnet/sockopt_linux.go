package uringnet

import (
	"cmp"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// Defaults of net.KeepAliveConfig.
const (
	defaultKeepAliveIdle     = 15 * time.Second
	defaultKeepAliveInterval = 15 * time.Second
	defaultKeepAliveCount    = 9
)

// SOL_MPTCP and MPTCP_INFO, include/uapi/linux/mptcp.h (5.16).
const (
	solMPTCP  = 284
	mptcpInfo = 1
)

// withFD runs f on the stream's descriptor.
func withFD(fd controller, f func(sysfd int) error) error {
	var ferr error
	if err := fd.Control(func(s uintptr) { ferr = f(int(s)) }); err != nil {
		return err
	}
	return ferr
}

func setInt(fd controller, level, name, value int) error {
	return withFD(fd, func(s int) error { return unix.SetsockoptInt(s, level, name, value) })
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func setReadBuffer(fd controller, bytes int) error {
	return setInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
}

func setWriteBuffer(fd controller, bytes int) error {
	return setInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, bytes)
}

func setNoDelay(fd controller, on bool) error {
	return setInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, boolInt(on))
}

func setKeepAlive(fd controller, on bool) error {
	return setInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, boolInt(on))
}

func setLinger(fd controller, sec int) error {
	l := unix.Linger{}
	if sec >= 0 {
		l.Onoff, l.Linger = 1, int32(sec)
	}
	return withFD(fd, func(s int) error { return unix.SetsockoptLinger(s, unix.SOL_SOCKET, unix.SO_LINGER, &l) })
}

// seconds rounds d up to whole seconds, the kernel's unit.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// setKeepAlivePeriod sets TCP_KEEPIDLE: 0 is the default, negative nothing.
func setKeepAlivePeriod(fd controller, d time.Duration) error {
	if d < 0 {
		return nil
	}
	if d == 0 {
		d = defaultKeepAliveIdle
	}
	return setInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds(d))
}

func setKeepAliveInterval(fd controller, d time.Duration) error {
	if d < 0 {
		return nil
	}
	if d == 0 {
		d = defaultKeepAliveInterval
	}
	return setInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, seconds(d))
}

func setKeepAliveCount(fd controller, n int) error {
	if n < 0 {
		return nil
	}
	if n == 0 {
		n = defaultKeepAliveCount
	}
	return setInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, n)
}

func setKeepAliveConfig(fd controller, c net.KeepAliveConfig) error {
	if err := setKeepAlive(fd, c.Enable); err != nil {
		return err
	}
	if err := setKeepAlivePeriod(fd, c.Idle); err != nil {
		return err
	}
	if err := setKeepAliveInterval(fd, c.Interval); err != nil {
		return err
	}
	return setKeepAliveCount(fd, c.Count)
}

// hasOptions reports whether an accepted socket already has TCP_NODELAY and
// the keep-alive options of c.
func hasOptions(fd controller, c net.KeepAliveConfig) bool {
	has := true
	want := func(s, level, name, value int) {
		got, err := unix.GetsockoptInt(s, level, name)
		has = has && err == nil && got == value
	}
	err := withFD(fd, func(s int) error {
		want(s, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		if !c.Enable {
			return nil
		}
		want(s, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		if c.Idle >= 0 {
			want(s, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds(cmp.Or(c.Idle, defaultKeepAliveIdle)))
		}
		if c.Interval >= 0 {
			want(s, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, seconds(cmp.Or(c.Interval, defaultKeepAliveInterval)))
		}
		if c.Count >= 0 {
			want(s, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, cmp.Or(c.Count, defaultKeepAliveCount))
		}
		return nil
	})
	return err == nil && has
}

// isMultipathTCP reports whether the socket speaks MPTCP: the option is
// refused on a plain TCP socket and on one that has fallen back.
func isMultipathTCP(fd controller) (mptcp bool, err error) {
	// As in net, a closed connection is simply not one.
	_ = fd.Control(func(s uintptr) {
		_, optErr := unix.GetsockoptInt(int(s), solMPTCP, mptcpInfo)
		mptcp = optErr == nil
	})
	return mptcp, nil
}
