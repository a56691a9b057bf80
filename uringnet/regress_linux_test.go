package uringnet_test

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A Read that waits takes no more than it was asked for: what follows has
// control data, which a plain receive would drop.
func TestUnixRightsBehindHeader(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		c, s := pair(t, stackOf(e), "unix")
		client, server := c.(*uringnet.UnixConn), s.(*uringnet.UnixConn)
		rc := rawConnOf(t, client)
		for range 20 {
			r := startRead(server, 4).blocked(t)
			pr, w, err := os.Pipe()
			must(t, err)
			defer w.Close()
			rights := unix.UnixRights(int(pr.Fd()))
			var headErr, bodyErr error
			must(t, rc.Control(func(fd uintptr) { // both there before the reader moves
				_, headErr = unix.Write(int(fd), []byte("head"))
				bodyErr = unix.Sendmsg(int(fd), []byte("payload"), rights, nil, 0)
			}))
			must(t, errors.Join(headErr, bodyErr, pr.Close()))
			if got, err := r.wait(t); got != "head" || err != nil {
				t.Fatalf("Read = %q, %v", got, err)
			}
			receiveFD(t, server, "payload", w)
		}
	})
}

// The duplicate that File returns gets every connection made after it, also
// when an Accept has come and gone.
func TestListenerFileTakesOver(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			ln := listen(t, stackOf(e), network)
			d := ln.(interface {
				SetDeadline(time.Time) error
				File() (*os.File, error)
			})
			a := start("Accept", ln.Accept).blocked(t)
			must(t, d.SetDeadline(aLongTimeAgo))
			_, err := a.wait(t)
			checkTimeout(t, "Accept", err)
			must(t, d.SetDeadline(time.Time{}))

			f, err := d.File()
			must(t, err)
			defer f.Close()
			fln, err := net.FileListener(f)
			must(t, err)
			defer fln.Close()
			var clients []net.Conn
			for range 10 {
				clients = append(clients, dialTo(t, stackOf(e), ln))
			}
			must(t, ln.Close())
			for range clients {
				write(t, accept(t, fln), "x")
			}
			for _, c := range clients {
				expect(t, c, "x")
			}
		})
	})
}

// RawConn.Read does not spin while its function waits for more than has come.
func TestRawReadRefuses(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			rc := rawConnOf(t, server)
			write(t, client, "abc")
			var calls, seen atomic.Int64
			r := start("RawConn.Read", func() (string, error) {
				b := make([]byte, 5)
				err := rc.Read(func(fd uintptr) bool {
					calls.Add(1)
					n, _, _ := unix.Recvfrom(int(fd), b, unix.MSG_PEEK|unix.MSG_DONTWAIT)
					seen.Store(int64(n))
					return n == len(b)
				})
				return string(b), err
			})
			eventually(t, "the function sees what has come", func() bool { return seen.Load() == 3 })
			select {
			case <-r.done:
				t.Fatalf("RawConn.Read returned %q, %v; its function refused", r.val, r.err)
			case <-time.After(200 * time.Millisecond): // time to spin in
			}
			if n := calls.Load(); n >= 200 {
				t.Errorf("the function was called %d times while nothing new came", n)
			}
			write(t, client, "de")
			if got, err := r.wait(t); got != "abcde" || err != nil {
				t.Fatalf("RawConn.Read = %q, %v", got, err)
			}
			expect(t, server, "abcde")
		})
	})
}

// Engine.Close leaves no unix listener behind that takes connections which
// nobody accepts.
func TestEngineCloseUnixListener(t *testing.T) {
	listens := map[string]func(e *uringnet.Engine, path string) (net.Listener, error){
		"Listen": func(e *uringnet.Engine, path string) (net.Listener, error) { return e.Listen("unix", path) },
		"ListenUnix": func(e *uringnet.Engine, path string) (net.Listener, error) {
			return e.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
		},
		"Wrap": func(e *uringnet.Engine, path string) (net.Listener, error) {
			ln, err := net.Listen("unix", path)
			if err != nil {
				return nil, err
			}
			return e.Wrap(ln)
		},
	}
	forEngines(t, ringKinds, func(t *testing.T, e *uringnet.Engine) {
		open := map[string]net.Listener{}
		for what, l := range listens {
			ln, err := l(e, socketPath(t))
			must(t, err)
			defer ln.Close()
			dialTo(t, stdStack, ln) // it works so far
			open[what] = ln
		}
		_, err := startErr("Engine.Close", e.Close).wait(t)
		must(t, err)
		for what, ln := range open {
			if c, err := net.Dial("unix", ln.Addr().String()); err == nil {
				c.Close()
				t.Errorf("%s: the path takes connections after Engine.Close", what)
			}
		}
	})
}

// timedOutRead leaves c with a receive armed, if c is of the kind that does.
func timedOutRead(t *testing.T, c net.Conn) {
	t.Helper()
	r := startRead(c, 1).blocked(t)
	must(t, c.SetReadDeadline(aLongTimeAgo))
	_, err := r.wait(t)
	checkTimeout(t, "Read", err)
	must(t, c.SetReadDeadline(time.Time{}))
}

// unread is the number of bytes in c's socket.
func unread(t *testing.T, c net.Conn) int {
	t.Helper()
	var n int
	var err error
	must(t, rawConnOf(t, c).Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }))
	must(t, err)
	return n
}

// Close with bytes unread resets the connection, whether the socket has them
// or a buffer of the ring; without, it does not.
func TestCloseUnread(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(t *testing.T, e *uringnet.Engine, peer, c net.Conn)
		want    error
	}{
		{"part read", func(t *testing.T, _ *uringnet.Engine, peer, c net.Conn) {
			write(t, peer, "0123456789")
			expect(t, c, "0")
		}, syscall.ECONNRESET},
		{"part read by a Read that waited", func(t *testing.T, _ *uringnet.Engine, peer, c net.Conn) {
			r := startRead(c, 1).blocked(t)
			write(t, peer, "0123456789")
			if got, err := r.wait(t); got != "0" || err != nil {
				t.Fatalf("Read = %q, %v", got, err)
			}
		}, syscall.ECONNRESET},
		{"received after a timeout", func(t *testing.T, e *uringnet.Engine, peer, c net.Conn) {
			timedOutRead(t, c)
			before := e.Stats().Total.BytesIn
			write(t, peer, "0123456789")
			eventually(t, "the bytes arrive", func() bool {
				return unread(t, c) == 10 || e.Stats().Total.BytesIn == before+10
			})
		}, syscall.ECONNRESET},
		{"all read", func(t *testing.T, _ *uringnet.Engine, peer, c net.Conn) {
			write(t, peer, "0123456789")
			expect(t, c, "0123456789")
		}, io.EOF},
	}
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		for _, s := range []stack{stdStack, stackOf(e)} {
			for _, k := range cases {
				peer, c := mixedPair(t, stdStack, s, "tcp")
				k.prepare(t, e, peer, c)
				must(t, c.Close())
				if got, err := startRead(peer, 1).wait(t); !errors.Is(err, k.want) {
					t.Errorf("%s, %s: the peer's Read = %q, %v; want %v", s.name, k.name, got, err, k.want)
				}
			}
		}
	})
}

// Bytes that the ring has received when Close is called, and not yet handed
// over, are unread as well.
func TestCloseUnreadAtOnce(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		const rounds = 50
		ends := 0
		for range rounds {
			peer, c := mixedPair(t, stdStack, stackOf(e), "tcp")
			timedOutRead(t, c)
			_, err := peer.Write([]byte("0123456789"))
			must(t, err)
			must(t, c.Close())
			if _, err := startRead(peer, 1).wait(t); !errors.Is(err, syscall.ECONNRESET) {
				ends++
			}
		}
		if ends > 0 {
			t.Errorf("%d of %d peers saw no reset", ends, rounds)
		}
	})
}

// However a listener came about, what it accepts has net's options.
func TestAcceptedOptions(t *testing.T) {
	listenStd := func(t *testing.T) *net.TCPListener { return listen(t, stdStack, "tcp").(*net.TCPListener) }
	cases := []struct {
		name   string
		listen func(t *testing.T, e *uringnet.Engine) (net.Listener, error)
		want   string
	}{
		{"Wrap", func(t *testing.T, e *uringnet.Engine) (net.Listener, error) { return e.Wrap(listenStd(t)) }, defaultOptions},
		{"FileListener", func(t *testing.T, e *uringnet.Engine) (net.Listener, error) {
			f, err := listenStd(t).File()
			must(t, err)
			defer f.Close()
			return e.FileListener(f)
		}, defaultOptions},
		{"ListenTCP", func(t *testing.T, e *uringnet.Engine) (net.Listener, error) {
			return e.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		}, defaultOptions},
		{"no keep-alive", func(t *testing.T, e *uringnet.Engine) (net.Listener, error) {
			lc := uringnet.ListenConfig{Engine: e, KeepAlive: -1}
			return lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		}, "nodelay=1 keepalive=0 idle=7200 interval=75 count=9"},
	}
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		for _, k := range cases {
			ln, err := k.listen(t, e)
			must(t, err)
			defer ln.Close()
			for range 4 {
				dialTo(t, stdStack, ln)
				checkOptions(t, k.name, accept(t, ln), k.want)
			}
		}
	})
}
