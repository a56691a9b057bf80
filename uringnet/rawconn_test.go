//go:build linux

package uringnet_test

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

func rawConnOf(t *testing.T, c any) syscall.RawConn {
	t.Helper()
	rc, err := c.(syscall.Conn).SyscallConn()
	must(t, err)
	return rc
}

// rawRead reads by RawConn.Read until there is something; calls counts the
// times that it was tried.
func rawRead(rc syscall.RawConn, calls *atomic.Int64) *call[string] {
	return start("RawConn.Read", func() (string, error) {
		b := make([]byte, 100)
		var n int
		var readErr error
		err := rc.Read(func(fd uintptr) bool {
			calls.Add(1)
			n, readErr = unix.Read(int(fd), b)
			return readErr != unix.EAGAIN && readErr != unix.EINTR
		})
		if err == nil {
			err = readErr
		}
		return string(b[:max(n, 0)]), err
	})
}

// RawConn.Read waits without spinning until there is something to read (peer
// failing #14).
func TestRawRead(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			rc := rawConnOf(t, server)
			for range 3 {
				var calls atomic.Int64
				r := rawRead(rc, &calls).blocked(t)
				select {
				case <-r.done:
					t.Fatalf("RawConn.Read returned %q, %v; nothing was written", r.val, r.err)
				case <-time.After(20 * time.Millisecond): // time to spin in
				}
				if n := calls.Load(); n > 3 {
					t.Errorf("the function was called %d times while there was nothing", n)
				}
				write(t, client, "raw")
				if got, err := r.wait(t); got != "raw" || err != nil {
					t.Fatalf("RawConn.Read = %q, %v", got, err)
				}
				if n := calls.Load(); n > 6 {
					t.Errorf("the function was called %d times for one message", n)
				}
			}
		})
	})
}

// Deadlines and Close wake RawConn.Read, with net's errors.
func TestRawReadWakes(t *testing.T) {
	run := func(t *testing.T, s stack, network string) []string {
		client, server := pair(t, s, network)
		l := errorLog{as: ofConn(server)}
		rc := rawConnOf(t, server)
		var calls atomic.Int64
		for _, d := range deadlines {
			r := rawRead(rc, &calls).blocked(t)
			must(t, server.SetReadDeadline(d.at()))
			_, err := r.wait(t)
			l.err(d.name+" during", err)
			_, err = rawRead(rc, &calls).wait(t)
			l.err(d.name+" before", err)
			must(t, server.SetReadDeadline(time.Time{}))
			write(t, client, "x")
			got, err := rawRead(rc, &calls).wait(t)
			l.add("after", got, err)
		}
		must(t, server.SetWriteDeadline(aLongTimeAgo))
		l.err("RawWrite, late", rc.Write(func(uintptr) bool { return true }))
		l.err("Control, late", rc.Control(func(uintptr) {}))
		r := rawRead(rc, &calls).blocked(t)
		must(t, server.Close())
		_, err := r.wait(t)
		l.err("Close", err)
		return l.lines
	}
	compareWithNet(t, []scenario{{"wakes", "", run}})
}

// RawConn.Write waits until the socket takes more; deadlines wake it.
func TestRawWrite(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		rc := rawConnOf(t, client)
		chunk := make([]byte, 64<<10)
		var sent atomic.Int64
		fill := func() error { // until the deadline
			return rc.Write(func(fd uintptr) bool {
				for {
					n, err := unix.Write(int(fd), chunk)
					if err == unix.EAGAIN {
						return false
					}
					if err != nil && err != unix.EINTR {
						return true
					}
					sent.Add(int64(max(n, 0)))
				}
			})
		}
		w := startErr("RawConn.Write", fill).blocked(t)
		must(t, client.SetWriteDeadline(aLongTimeAgo))
		_, err := w.wait(t)
		checkTimeout(t, "RawConn.Write", err)

		must(t, client.SetWriteDeadline(time.Time{}))
		before := sent.Load()
		w = startErr("RawConn.Write", fill).blocked(t)
		_, err = start("read", func() (string, error) { return readN(server, int(before)) }).wait(t)
		must(t, err)
		eventually(t, "RawConn.Write goes on when the socket drains", func() bool { return sent.Load() > before })
		must(t, client.Close())
		if _, err := w.wait(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("RawConn.Write woken by Close: %v", err)
		}
	})
}

// Control gives the connection's descriptor, and does not wait for Reads and
// Writes under way.
func TestControl(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			ln := listen(t, stackOf(e), network)
			client := dialTo(t, stackOf(e), ln)
			server := accept(t, ln)
			a := start("Accept", ln.Accept).blocked(t)
			r := startRead(server, 1).blocked(t)
			for _, c := range []any{ln, client, server} {
				rc := rawConnOf(t, c)
				ctl := start("Control", func() (typ int, err error) {
					var optErr error
					err = rc.Control(func(fd uintptr) { typ, optErr = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE) })
					return typ, errors.Join(err, optErr)
				})
				if typ, err := ctl.wait(t); typ != unix.SOCK_STREAM || err != nil {
					t.Errorf("%T: Control: SO_TYPE %d, %v", c, typ, err)
				}
			}
			write(t, client, "x")
			if got, err := r.wait(t); got != "x" || err != nil {
				t.Errorf("Read = %q, %v", got, err)
			}
			must(t, ln.Close())
			a.wait(t)
		})
	})
}

// Plain Reads and raw ones take turns; none loses a byte to the other.
func TestRawReadBesideRead(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		rc := rawConnOf(t, server)
		var calls atomic.Int64
		for range 5 {
			r := rawRead(rc, &calls)
			write(t, client, "raw")
			if got, err := r.wait(t); got != "raw" || err != nil {
				t.Fatalf("RawConn.Read = %q, %v", got, err)
			}
			write(t, client, "plain")
			expect(t, server, "plain")
		}
	})
}
