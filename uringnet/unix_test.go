//go:build linux

package uringnet_test

import (
	"bytes"
	"errors"
	"fmt"
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

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// The socket's file is removed by Close, unless told otherwise, and not by
// listeners made of a file (peer failing #13).
func TestUnixUnlink(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		path := socketPath(t)
		ln, err := e.Listen("unix", path)
		must(t, err)
		if !exists(path) {
			t.Fatal("no file while listening")
		}
		f, err := ln.(*uringnet.UnixListener).File()
		must(t, err)
		defer f.Close()
		fln, err := e.FileListener(f)
		must(t, err)
		must(t, fln.Close())
		if !exists(path) {
			t.Fatal("closing a FileListener removed the file")
		}
		must(t, ln.Close())
		if exists(path) {
			t.Fatal("file still there after Close")
		}

		ul, err := e.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
		must(t, err)
		ul.SetUnlinkOnClose(false)
		must(t, ul.Close())
		if !exists(path) {
			t.Fatal("file removed despite SetUnlinkOnClose(false)")
		}
		must(t, os.Remove(path))

		// A second Close must not remove the file of the next owner.
		ln, err = e.Listen("unix", path)
		must(t, err)
		must(t, ln.Close())
		ln2, err := e.Listen("unix", path)
		must(t, err)
		if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
		if !exists(path) {
			t.Error("second Close removed another listener's file")
		}
		must(t, ln2.Close())
	})
}

// FileListener on a socket in a file system leaves the file with
// SetUnlinkOnClose(true) to the caller, as net does.
func TestUnixFileListenerUnlink(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		path := socketPath(t)
		std, err := net.Listen("unix", path)
		must(t, err)
		f, err := std.(*net.UnixListener).File()
		must(t, err)
		defer f.Close()
		ln, err := e.FileListener(f)
		must(t, err)
		ln.(*uringnet.UnixListener).SetUnlinkOnClose(true)
		must(t, ln.Close())
		if exists(path) {
			t.Error("file still there")
		}
		std.Close()
	})
}

var abstractNames atomic.Int64

func TestUnixAbstract(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		name := fmt.Sprintf("@uringnet-%d-%d", os.Getpid(), abstractNames.Add(1))
		ln, err := e.Listen("unix", name)
		must(t, err)
		defer ln.Close()
		if got := ln.Addr().String(); got != name {
			t.Errorf("Addr() = %q; want %q", got, name)
		}
		client, err := e.Dial("unix", name)
		must(t, err)
		defer client.Close()
		server := accept(t, ln)
		if client.RemoteAddr().String() != name || server.LocalAddr().String() != name {
			t.Errorf("addresses %q, %q; want %q", client.RemoteAddr(), server.LocalAddr(), name)
		}
		write(t, client, "x")
		expect(t, server, "x")
	})
}

// Addresses of named and unnamed ends are those that net reports.
func TestUnixAddresses(t *testing.T) {
	ends := func(t *testing.T, s typedStack, laddr *net.UnixAddr) []string {
		path := socketPath(t)
		ln, err := s.listenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
		must(t, err)
		defer ln.Close()
		client, err := s.dialUnix("unix", laddr, &net.UnixAddr{Net: "unix", Name: path})
		must(t, err)
		defer client.Close()
		if laddr != nil {
			defer os.Remove(laddr.Name)
		}
		server := accept(t, ln)
		var out []string
		for _, a := range []net.Addr{ln.Addr(), client.LocalAddr(), client.RemoteAddr(), server.LocalAddr(), server.RemoteAddr()} {
			name := a.String()
			switch {
			case name == path:
				name = "PATH"
			case laddr != nil && name == laddr.Name:
				name = "LOCAL"
			}
			out = append(out, fmt.Sprintf("%T %s %q", a, a.Network(), name))
		}
		return out
	}
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		compareLines(t, ends(t, typedOf(e), nil), ends(t, stdTyped, nil))
		named := &net.UnixAddr{Net: "unix", Name: socketPath(t)}
		compareLines(t, ends(t, typedOf(e), named), ends(t, stdTyped, named))
	})
}

// sendFD sends the descriptor of a pipe's reading end and returns the other.
func sendFD(t *testing.T, c *uringnet.UnixConn, text string) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { w.Close() })
	defer r.Close()
	oob := unix.UnixRights(int(r.Fd()))
	n, oobn, err := c.WriteMsgUnix([]byte(text), oob, nil)
	if n != len(text) || oobn != len(oob) || err != nil {
		t.Fatalf("WriteMsgUnix = %d, %d, %v", n, oobn, err)
	}
	return w
}

// receiveFD receives text with a descriptor that reads what is written to w.
func receiveFD(t *testing.T, c *uringnet.UnixConn, text string, w *os.File) {
	t.Helper()
	b, oob := make([]byte, 100), make([]byte, unix.CmsgSpace(4))
	type msg struct{ n, oobn int }
	m, err := start("ReadMsgUnix", func() (msg, error) {
		n, oobn, _, _, err := c.ReadMsgUnix(b, oob)
		return msg{n, oobn}, err
	}).wait(t)
	if err != nil || string(b[:m.n]) != text {
		t.Fatalf("ReadMsgUnix = %q, %v; want %q", b[:m.n], err, text)
	}
	cmsgs, err := unix.ParseSocketControlMessage(oob[:m.oobn])
	if err != nil || len(cmsgs) != 1 {
		t.Fatalf("%d bytes of control data, %d messages, %v; want one with a descriptor", m.oobn, len(cmsgs), err)
	}
	fds, err := unix.ParseUnixRights(&cmsgs[0])
	if err != nil || len(fds) != 1 {
		t.Fatalf("descriptors %v, %v; want one", fds, err)
	}
	if flags, err := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("received descriptor has flags %#x, %v; want close-on-exec", flags, err)
	}
	r := os.NewFile(uintptr(fds[0]), "received")
	defer r.Close()
	w.WriteString("through")
	w.Close()
	if got, err := io.ReadAll(r); string(got) != "through" || err != nil {
		t.Errorf("received descriptor reads %q, %v", got, err)
	}
}

// Descriptors pass, also after plain Reads and after Reads that timed out.
func TestUnixRights(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		c, s := pair(t, stackOf(e), "unix")
		client, server := c.(*uringnet.UnixConn), s.(*uringnet.UnixConn)
		receiveFD(t, server, "first", sendFD(t, client, "first"))

		write(t, client, "plain")
		expect(t, server, "plain")
		receiveFD(t, server, "after a Read", sendFD(t, client, "after a Read"))
		receiveFD(t, client, "other way", sendFD(t, server, "other way"))

		must(t, server.SetReadDeadline(aLongTimeAgo))
		_, err := startRead(server, 10).wait(t)
		checkTimeout(t, "Read", err)
		_, _, _, _, err = server.ReadMsgUnix(make([]byte, 1), nil)
		checkTimeout(t, "ReadMsgUnix", err)
		must(t, server.SetReadDeadline(time.Time{}))
		receiveFD(t, server, "after a timeout", sendFD(t, client, "after a timeout"))
		write(t, client, "plain again")
		expect(t, server, "plain again")
	})
}

// A Read that times out on a new connection takes no control data from the
// ReadMsgUnix that follows.
func TestUnixRightsAfterTimeout(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, d := range deadlines {
			c, s := pair(t, stackOf(e), "unix")
			client, server := c.(*uringnet.UnixConn), s.(*uringnet.UnixConn)
			r := startRead(server, 10).blocked(t)
			must(t, server.SetReadDeadline(d.at()))
			_, err := r.wait(t)
			checkTimeout(t, "Read", err)
			must(t, server.SetReadDeadline(time.Time{}))
			receiveFD(t, server, "fd", sendFD(t, client, "fd"))
		}
	})
}

// ReadMsgUnix wakes by deadline and Close, reports the end as net does, and
// its errors are net's.
func TestUnixMsgErrors(t *testing.T) {
	type msgConn interface {
		connMethods
		ReadMsgUnix(b, oob []byte) (n, oobn, flags int, addr *net.UnixAddr, err error)
		WriteMsgUnix(b, oob []byte, addr *net.UnixAddr) (n, oobn int, err error)
		ReadFrom(b []byte) (int, net.Addr, error)
		WriteTo(b []byte, addr net.Addr) (int, error)
	}
	run := func(t *testing.T, s stack, network string) []string {
		c, sv := pair(t, s, network)
		client, server := c.(msgConn), sv.(msgConn)
		l := errorLog{as: ofConn(server)}
		readMsg := func() (int, error) {
			n, _, _, _, err := server.ReadMsgUnix(make([]byte, 10), nil)
			return n, err
		}
		// net returns n = -1 from a ReadMsgUnix that had to wait; nobody needs that.
		add := func(what string, n int, err error) { l.add(what, max(n, 0), err) }
		r := start("ReadMsgUnix", readMsg).blocked(t)
		must(t, server.SetDeadline(aLongTimeAgo))
		n, err := r.wait(t)
		add("ReadMsgUnix", n, err)
		n, _, err = server.WriteMsgUnix([]byte("x"), nil, nil)
		add("WriteMsgUnix", n, err)
		n, addr, err := server.ReadFrom(make([]byte, 1))
		add(fmt.Sprint("ReadFrom ", addr), n, err)
		must(t, server.SetDeadline(time.Time{}))
		n, err = server.WriteTo([]byte("x"), &net.UnixAddr{Net: "unix", Name: "nowhere"})
		add("WriteTo", n, err)
		n, err = server.WriteTo([]byte("x"), &net.TCPAddr{})
		add("WriteTo TCP", n, err)
		n, _, err = server.WriteMsgUnix([]byte("x"), nil, &net.UnixAddr{Net: "unix", Name: "nowhere"})
		add("WriteMsgUnix to", n, err)
		write(t, client, "tail")
		n, addr, err = server.ReadFrom(make([]byte, 2))
		add(fmt.Sprint("ReadFrom ", addr), n, err)
		must(t, client.Close())
		n, err = start("ReadMsgUnix", readMsg).wait(t)
		add("ReadMsgUnix rest", n, err)
		n, err = start("ReadMsgUnix", readMsg).wait(t)
		add("ReadMsgUnix at end", n, err)
		n, addr, err = server.ReadFrom(make([]byte, 2))
		add(fmt.Sprint("ReadFrom at end ", addr), n, err)
		n, _, err = server.WriteMsgUnix([]byte("x"), nil, nil)
		add("WriteMsgUnix", n, err)
		must(t, server.Close())
		n, err = readMsg()
		add("ReadMsgUnix closed", n, err)
		n, _, err = server.WriteMsgUnix([]byte("x"), nil, nil)
		add("WriteMsgUnix closed", n, err)
		return l.lines
	}
	compareWithNet(t, []scenario{{"messages", "unix", run}})
}

// Unix sockets of other kinds are net's.
func TestUnixPacket(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		path := socketPath(t)
		ln, err := e.Listen("unixpacket", path)
		must(t, err)
		defer ln.Close()
		client, err := e.Dial("unixpacket", path)
		must(t, err)
		defer client.Close()
		server := accept(t, ln)
		write(t, client, "one")
		write(t, client, "two")
		b := make([]byte, 100)
		if n, err := server.Read(b); !bytes.Equal(b[:n], []byte("one")) || err != nil {
			t.Errorf("Read = %q, %v; want one packet", b[:n], err)
		}
		if got := getsockopt(t, server, unix.SOL_SOCKET, unix.SO_TYPE); got != syscall.SOCK_SEQPACKET {
			t.Errorf("SO_TYPE = %d", got)
		}
		if !exists(path) || ln.Close() != nil || exists(path) {
			t.Error("the file was not there, or not removed")
		}
	})
}
