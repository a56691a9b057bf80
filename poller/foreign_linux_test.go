package poller_test

import (
	"bytes"
	"io"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/poller"
)

// foreignTCP returns a TCP socket that the poller serves for its owner, the test, and
// the peer's descriptor, which blocks.
func foreignTCP(t *testing.T, p *poller.Poller) (f *poller.Foreign, sysfd, peer int) {
	t.Helper()
	ln, port := listenTCP(t)
	return foreignOf(t, p, ln, port)
}

// foreignOf is foreignTCP of a listener, which it closes.
func foreignOf(t *testing.T, p *poller.Poller, ln, port int) (f *poller.Foreign, sysfd, peer int) {
	t.Helper()
	defer unix.Close(ln)
	peer, err := dialTCP(port)
	must(t, err)
	var n int
	eventually(t, "a connection", func() bool {
		n, _, err = unix.Accept4(ln, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		return err == nil
	})
	f, err = p.OpenForeign(n)
	must(t, err)
	t.Cleanup(func() {
		f.Close()
		if _, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0); err != nil {
			t.Errorf("Close has closed its owner's descriptor: %v", err)
		}
		unix.Close(n)
		unix.Close(peer)
	})
	return f, n, peer
}

// foreignRead reads as internal/poll does. It waits at most patience.
func foreignRead(f *poller.Foreign, b []byte) (int, error) {
	f.SetDeadline(int64(patience), poller.ForeignRead)
	for {
		n, errno := f.Read(b)
		switch {
		case errno == syscall.EAGAIN:
			if code := f.Wait(poller.ForeignRead); code != poller.ForeignReady {
				return 0, syscall.ETIMEDOUT
			}
		case errno != 0:
			return 0, errno
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func tell(t *testing.T, peer int, text string) {
	t.Helper()
	if n, err := unix.Write(peer, []byte(text)); n != len(text) || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
}

func wantRead(t *testing.T, f *poller.Foreign, size int, want string) {
	t.Helper()
	b := make([]byte, size)
	n, err := foreignRead(f, b)
	if err != nil || string(b[:n]) != want {
		t.Fatalf("Read = %q, %v, want %q", b[:n], err, want)
	}
}

// direct is a poller on which a Foreign's receives are all its own.
func direct(t *testing.T) *poller.Poller {
	return newPoller(t, poller.Config{Rings: 1, Transfer: poller.TransferDirect})
}

// listenMPTCP is listenTCP as package net does it by default.
func listenMPTCP(t *testing.T) (sysfd, port int) {
	t.Helper()
	ln, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_MPTCP)
	must(t, err)
	must(t, unix.Bind(ln, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, unix.Listen(ln, 1))
	addr, err := unix.Getsockname(ln)
	must(t, err)
	return ln, addr.(*unix.SockaddrInet4).Port
}

// A Read behind one that has taken all there was does not ask the kernel.
func TestForeignKnows(t *testing.T) {
	for name, listen := range map[string]func(*testing.T) (sysfd, port int){"TCP": listenTCP, "MPTCP": listenMPTCP} {
		t.Run(name, func(t *testing.T) {
			p := direct(t)
			ln, port := listen(t)
			f, _, peer := foreignOf(t, p, ln, port)
			if n, errno := f.Read(make([]byte, 8)); errno != syscall.EAGAIN {
				t.Fatalf("Read = %d, %v, want EAGAIN", n, errno)
			}
			for range poller.AskedReads + 1 {
				tell(t, peer, "abc")
				wantRead(t, f, 8, "abc")
			}
			before := total(p).DirectRecvs
			if n, errno := f.Read(make([]byte, 8)); errno != syscall.EAGAIN {
				t.Fatalf("Read = %d, %v, want EAGAIN", n, errno)
			}
			if asked := total(p).DirectRecvs - before; asked != 0 {
				t.Errorf("a Read behind a short one has asked the kernel %d times", asked)
			}
			tell(t, peer, "def")
			wantRead(t, f, 8, "def")
		})
	}
}

// A full read says nothing about what follows: the next one asks.
func TestForeignFullRead(t *testing.T) {
	f, _, peer := foreignTCP(t, direct(t))
	_, _ = f.Read(make([]byte, 1))
	tell(t, peer, "abcdef")
	wantRead(t, f, 3, "abc")
	wantRead(t, f, 3, "def")
}

// The end of the stream has its edge together with the last bytes.
func TestForeignEnd(t *testing.T) {
	f, _, peer := foreignTCP(t, direct(t))
	_, _ = f.Read(make([]byte, 1))
	tell(t, peer, "bye")
	must(t, unix.Shutdown(peer, unix.SHUT_WR))
	wantRead(t, f, 8, "bye")
	if n, err := foreignRead(f, make([]byte, 8)); n != 0 || err != io.EOF {
		t.Errorf("Read = %d, %v, want the end", n, err)
	}
}

// What another call has left, after a wait of its own, is the next Read's.
func TestForeignOtherReader(t *testing.T) {
	f, sysfd, peer := foreignTCP(t, direct(t))
	_, _ = f.Read(make([]byte, 1))
	tell(t, peer, "abc")
	if code := f.Wait(poller.ForeignRead); code != poller.ForeignReady {
		t.Fatalf("Wait = %d", code)
	}
	b := make([]byte, 1)
	if n, err := unix.Read(sysfd, b); n != 1 || err != nil {
		t.Fatalf("read(2) = %d, %v", n, err)
	}
	wantRead(t, f, 8, "bc")
}

// Where an edge does not tell all, each Read asks.
func TestForeignAsks(t *testing.T) {
	for name, change := range map[string]func(f *poller.Foreign, sysfd int) error{
		"exposed": func(f *poller.Foreign, _ int) error {
			f.Expose()
			return nil
		},
		"SO_RCVLOWAT": func(_ *poller.Foreign, sysfd int) error {
			return unix.SetsockoptInt(sysfd, unix.SOL_SOCKET, unix.SO_RCVLOWAT, 5)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := direct(t)
			f, sysfd, peer := foreignTCP(t, p)
			must(t, change(f, sysfd))
			_, _ = f.Read(make([]byte, 1))
			tell(t, peer, "abcdef")
			wantRead(t, f, 8, "abcdef")
			before := total(p).DirectRecvs
			_, _ = f.Read(make([]byte, 8))
			if total(p).DirectRecvs == before {
				t.Error("a Read has not asked the kernel")
			}
		})
	}
}

// Deadlines and Evict end waits with std's codes, and Prepare says the same.
func TestForeignCodes(t *testing.T) {
	for _, mode := range []int{poller.ForeignRead, poller.ForeignWrite} {
		f, _, _ := foreignTCP(t, direct(t))
		other := poller.ForeignRead + poller.ForeignWrite - mode
		if code := f.Prepare(mode); code != poller.ForeignReady {
			t.Errorf("Prepare = %d before a deadline", code)
		}
		f.SetDeadline(-1, mode)
		if code := f.Prepare(mode); code != poller.ForeignTimeout {
			t.Errorf("mode %c: Prepare = %d past the deadline, want %d", mode, code, poller.ForeignTimeout)
		}
		if code := f.Prepare(other); code != poller.ForeignReady {
			t.Errorf("mode %c: the deadline of the other side is over too: %d", mode, code)
		}
		f.SetDeadline(0, mode)
		if code := f.Prepare(mode); code != poller.ForeignReady {
			t.Errorf("mode %c: Prepare = %d without a deadline", mode, code)
		}
	}
	f, _, _ := foreignTCP(t, direct(t))
	f.SetDeadline(int64(time.Millisecond), poller.ForeignRead+poller.ForeignWrite)
	_, _ = f.Read(make([]byte, 1))
	if code := f.Wait(poller.ForeignRead); code != poller.ForeignTimeout {
		t.Errorf("Wait = %d, want %d", code, poller.ForeignTimeout)
	}
	f.SetDeadline(0, poller.ForeignRead)
	codes := make(chan int, 1)
	go func() { codes <- f.Wait(poller.ForeignRead) }()
	f.Evict()
	if code := wait(t, "Wait", codes); code != poller.ForeignClosing {
		t.Errorf("Wait = %d after Evict, want %d", code, poller.ForeignClosing)
	}
	if code := f.Prepare(poller.ForeignWrite); code != poller.ForeignClosing {
		t.Errorf("Prepare = %d after Evict, want %d", code, poller.ForeignClosing)
	}
}

// A full socket buffer takes more when the peer has read.
func TestForeignWrite(t *testing.T) {
	f, _, peer := foreignTCP(t, direct(t))
	const size = 8 << 20
	done := make(chan []byte, 1)
	go func() {
		var got []byte
		b := make([]byte, 64<<10)
		for len(got) < size {
			n, err := unix.Read(peer, b)
			if n <= 0 || err != nil {
				break
			}
			got = append(got, b[:n]...)
		}
		done <- got
	}()
	sent := randomBytes(1, size)
	f.SetDeadline(int64(patience), poller.ForeignWrite)
	for rest := sent; len(rest) > 0; {
		n, errno := f.Write(rest)
		if errno == syscall.EAGAIN {
			if code := f.Wait(poller.ForeignWrite); code != poller.ForeignReady {
				t.Fatalf("Wait = %d with %d bytes left", code, len(rest))
			}
		} else if errno != 0 {
			t.Fatal(errno)
		}
		rest = rest[n:]
	}
	if got := wait(t, "the peer", done); !bytes.Equal(got, sent) {
		t.Errorf("the peer got %d bytes, not those %d that were sent", len(got), size)
	}
}

// Reads that wait together are given what the loop's ring has received for them.
func TestForeignBatch(t *testing.T) {
	p := newPoller(t, poller.Config{Rings: 1, Transfer: poller.TransferBatch})
	if !p.Status().IOUring {
		t.Fatalf("no io_uring: %s", p.Status())
	}
	const conns = 48
	var fs [conns]*poller.Foreign
	var peers [conns]int
	for i := range fs {
		fs[i], _, peers[i] = foreignTCP(t, p)
	}
	if open, _ := p.Foreigns(); open != conns {
		t.Errorf("%d are open, want %d", open, conns)
	}
	for round := 0; round < 200 && (round < 10 || total(p).Receives == 0); round++ {
		texts := make(chan string, conns)
		for _, f := range fs {
			go func() {
				b := make([]byte, 8)
				n, err := foreignRead(f, b)
				if err != nil {
					texts <- err.Error()
					return
				}
				texts <- string(b[:n])
			}()
		}
		waiting(t, conns)
		for _, peer := range peers {
			tell(t, peer, "hello")
		}
		for range conns {
			if text := wait(t, "Read", texts); text != "hello" {
				t.Fatalf("Read = %q", text)
			}
		}
	}
	if total(p).Receives == 0 && !poller.Instrumented {
		t.Error("the ring has received for nobody")
	}
}
