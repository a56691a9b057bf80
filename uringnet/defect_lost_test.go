//go:build linux

package uringnet_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// loseListener listens and forgets the listener. With use, a connection has come
// by it, so that the ring has accepted.
func loseListener(t *testing.T, s stack, network string, use bool) (addr net.Addr) {
	t.Helper()
	ln, err := s.listen(network, localAddress(t, network))
	must(t, err)
	if use {
		client, err := net.Dial(network, ln.Addr().String())
		must(t, err)
		defer client.Close()
		server, err := ln.Accept()
		must(t, err)
		must(t, server.Close())
	}
	return ln.Addr()
}

// nobodyListens reports whether nobody listens at the address.
func nobodyListens(addr net.Addr) bool {
	c, err := net.Dial(addr.Network(), addr.String())
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// A listener that is dropped without Close is closed when it is collected, and a
// unix socket's file stays, as with net.
func TestLostListenerIsClosed(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			for _, s := range []stack{stdStack, stackOf(e)} {
				for _, use := range []bool{false, true} {
					addr := loseListener(t, s, network, use)
					eventually(t, s.name+": connections to a lost listener are refused", func() bool {
						runtime.GC()
						return nobodyListens(addr)
					})
					if network == "unix" && !exists(addr.String()) {
						t.Errorf("%s: the file of a lost listener is gone", s.name)
					}
				}
			}
		})
	})
}

// A unix listener that was lost has no claim to its path any more: closing the
// engine leaves the next owner's file. One that is still there is closed with the
// engine, and its file removed.
func TestEngineCloseUnlinks(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		if !e.Status().IOUring {
			return // the standard library's listeners are left alone
		}
		lost := loseListener(t, stackOf(e), "unix", false)
		eventually(t, "the listener is lost", func() bool {
			runtime.GC()
			return nobodyListens(lost)
		})
		must(t, os.Remove(lost.String()))
		next, err := net.Listen("unix", lost.String())
		must(t, err)
		defer next.Close()
		kept, err := e.Listen("unix", socketPath(t))
		must(t, err)
		must(t, e.Close())
		if !exists(lost.String()) {
			t.Error("Engine.Close removed the file of another listener")
		}
		if exists(kept.Addr().String()) {
			t.Error("Engine.Close left the file of its listener")
		}
		runtime.KeepAlive(kept)
	})
}

// While somebody has the RawConn of a listener, it is not lost.
func TestRawConnKeepsListener(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			for _, s := range []stack{stdStack, stackOf(e)} {
				rc, addr := func() (syscall.RawConn, net.Addr) {
					ln, err := s.listen(network, localAddress(t, network))
					must(t, err)
					return rawConnOf(t, ln), ln.Addr()
				}()
				// What is lost after it is closed after it.
				for range 3 {
					later := loseListener(t, s, network, false)
					eventually(t, "a listener is closed", func() bool {
						runtime.GC()
						return nobodyListens(later)
					})
				}
				if nobodyListens(addr) {
					t.Errorf("%s: the listener is closed", s.name)
				}
				if err := rc.Control(func(uintptr) {}); err != nil {
					t.Errorf("%s: Control: %v", s.name, err)
				}
				runtime.KeepAlive(rc)
			}
		})
	})
}

// openFDs counts the process's descriptors of the file.
func openFDs(t *testing.T, name string) (n int) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	for _, fd := range fds {
		if link, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.TrimSuffix(link, " (deleted)") == name {
			n++
		}
	}
	return n
}

// A file that is dropped without Close is closed when it is collected; one that is
// in use is not, be it by a call alone.
func TestLostFileIsClosed(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		name, err := filepath.EvalSymlinks(t.TempDir())
		must(t, err)
		name += "/f"
		open := func() *uringnet.File {
			f, err := e.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
			must(t, err)
			return f
		}
		_, err = open().WriteAt([]byte("x"), 0)
		must(t, err)
		eventually(t, "a lost file is closed", func() bool {
			runtime.GC()
			return openFDs(t, name) == 0
		})

		f := open()
		control := startErr("Control", func() error {
			g := f
			f = nil // from here on only the call has it
			return g.Control(func(sysfd uintptr) {
				for range 3 {
					open().Sync()
					eventually(t, "another file is closed", func() bool {
						runtime.GC()
						return openFDs(t, name) == 1
					})
				}
				if _, err := unix.FcntlInt(sysfd, unix.F_GETFD, 0); err != nil {
					t.Errorf("the file of a call is closed: %v", err)
				}
			})
		})
		if _, err := control.wait(t); err != nil {
			t.Error(err)
		}
		eventually(t, "all are closed", func() bool {
			runtime.GC()
			return openFDs(t, name) == 0
		})

		// A file that was closed is left alone: its number may be another's.
		f = open()
		must(t, f.Close())
		other, err := os.Create(name)
		must(t, err)
		defer other.Close()
		f = nil
		for range 5 {
			runtime.GC()
		}
		if _, err := other.Write([]byte("y")); err != nil {
			t.Errorf("another file was closed: %v", err)
		}
	})
}
