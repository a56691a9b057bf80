package poller

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tcpPair returns an FD of a TCP connection and its peer's descriptor.
func tcpPair(t *testing.T, p *Poller) (*FD, int) {
	t.Helper()
	ln, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	defer unix.Close(ln)
	check(t, unix.Bind(ln, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(t, unix.Listen(ln, 1))
	sa, err := unix.Getsockname(ln)
	check(t, err)
	c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	t.Cleanup(func() { unix.Close(c) })
	check(t, unix.Connect(c, sa))
	check(t, unix.SetsockoptTimeval(c, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}))
	s, _, err := unix.Accept4(ln, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	check(t, err)
	check(t, unix.SetsockoptInt(s, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	fd, err := p.Open(s, FDOptions{ReadAhead: true})
	check(t, err)
	t.Cleanup(func() { fd.Close() })
	return fd, c
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want reads n bytes from a descriptor.
func want(t *testing.T, sysfd, n int) {
	t.Helper()
	b := make([]byte, n)
	for got := 0; got < n; {
		m, err := unix.Read(sysfd, b[got:])
		if err == unix.EINTR {
			continue // by the runtime's signals: a socket with a timeout is not restarted
		}
		if m <= 0 {
			t.Fatalf("%d bytes of %d, then %d, %v", got, n, m, err)
		}
		got += m
	}
}

// unsent is what is held back in the socket.
func unsent(t *testing.T, fd *FD) int {
	t.Helper()
	info, err := unix.GetsockoptTCPInfo(fd.sysfd, unix.IPPROTO_TCP, unix.TCP_INFO)
	check(t, err)
	return int(info.Notsent_bytes)
}

// holdOne makes fd hold one byte back, as it does before another Write.
func holdOne(t *testing.T, fd *FD) {
	t.Helper()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if n, errno := fd.sendDirect([]byte("x"), unix.MSG_MORE); n != 1 || errno != 0 {
		t.Fatal(n, errno)
	}
	fd.tx.held = true
	if n := unsent(t, fd); n != 1 {
		t.Fatalf("%d bytes held back", n)
	}
}

// What is held back leaves with the next Write, before a Read that waits, with the
// connection's end, and when the flusher comes by. None of it may take the 200 ms
// after which the kernel itself gives up.
func TestHeldBytesLeave(t *testing.T) {
	p, err := New(Config{Rings: 1, Mode: Shared})
	check(t, err)
	defer p.Close()
	for _, c := range []struct {
		name string
		do   func(fd *FD)
		n    int
	}{
		{"a Write", func(fd *FD) { fd.Write([]byte("y")) }, 2},
		{"a Read", func(fd *FD) { go fd.Read(make([]byte, 10)) }, 1},
		{"CloseWrite", func(fd *FD) { fd.Shutdown(unix.SHUT_WR) }, 1},
		{"Close", func(fd *FD) { fd.Close() }, 1},
		{"Close of a socket with a duplicate", func(fd *FD) {
			dup, err := unix.FcntlInt(uintptr(fd.sysfd), unix.F_DUPFD_CLOEXEC, 0)
			check(t, err)
			t.Cleanup(func() { unix.Close(dup) })
			fd.Close()
		}, 1},
		{"the flusher", func(fd *FD) {
			fd.mu.Lock()
			fd.holds(fd.p.current())
			fd.mu.Unlock()
		}, 1},
	} {
		best := time.Hour
		for range 5 { // the machine may pause
			fd, peer := tcpPair(t, p)
			holdOne(t, fd)
			start := time.Now()
			c.do(fd)
			want(t, peer, c.n)
			best = min(best, time.Since(start))
			fd.Close()
		}
		if best > 100*time.Millisecond {
			t.Errorf("with %s: after %v", c.name, best)
		}
	}
}

// Writes in a row hold all but the last back, as many as the last time, if others
// are at work; and so does what answers a part of a message.
func TestMayHold(t *testing.T) {
	fd, r := &FD{p: &Poller{cfg: Config{Mode: Shared}}}, &ring{}
	r.expect.Store(2)
	for turn, want := range [][]bool{
		{false, false, false}, {true, true, false}, {true}, {false}, {false, false}, {true, false, false},
	} {
		fd.tx.again = false // a Read has come between
		for i, w := range want {
			fd.more()
			if got := fd.mayHold(r, false); got != w {
				t.Errorf("turn %d, write %d: %v, want %v", turn, i, got, w)
			}
		}
	}
	fd.tx.again = false
	fd.more()
	r.expect.Store(0)
	if fd.mayHold(r, false) {
		t.Error("alone: held back")
	}
	if !fd.mayHold(r, true) {
		t.Error("part of a message: not held back")
	}
	fd.p.cfg.Mode = Dedicated
	if fd.mayHold(r, true) {
		t.Error("no flusher: held back")
	}
}

// A socket that is not TCP's is asked once to let go what it holds back.
func TestUncorkUnix(t *testing.T) {
	p, err := New(Config{Rings: 1, Mode: Shared})
	check(t, err)
	defer p.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	check(t, err)
	defer unix.Close(pair[1])
	u, err := p.Open(pair[0], FDOptions{ReadAhead: true})
	check(t, err)
	defer u.Close()
	u.mu.Lock()
	u.tx.held = true
	u.uncork()
	if !u.tx.noHold {
		t.Error("a unix socket holds nothing back, and is asked again")
	}
	u.mu.Unlock()
}
