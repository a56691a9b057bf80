//go:build linux

package uringnet_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A reset is told as one, also if a receive ahead was told of it before.
func TestChainReset(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		for _, hard := range []bool{false, true} {
			client, server := mixedPair(t, stdStack, stackOf(e), "tcp")
			leaveArmed(t, server)
			must(t, client.(*net.TCPConn).SetLinger(0))
			must(t, client.Close())
			waitReset(t, server)
			f := openNew(t, e)
			ch := e.NewChain()
			before := ch.WriteAt(f, []byte("before"), 0)
			in := ch.Recv(server, make([]byte, 4))
			after := ch.Recv(server, make([]byte, 4))
			if hard {
				in.Hard()
			}
			if err := ch.Run(); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("hard %v: Run: %v", hard, err)
			}
			if before.Err != nil {
				t.Errorf("hard %v: the step before: %v", hard, before.Err)
			}
			if want := uringnet.ErrCanceled; !hard && after.Err != want {
				t.Errorf("the step behind: %v; want %v", after.Err, want)
			}
			if hard && !errors.Is(after.Err, io.ErrUnexpectedEOF) {
				t.Errorf("the second receive: %v; want %v, as the reset is told once", after.Err, io.ErrUnexpectedEOF)
			}
		}
	})
}

// leaveArmed leaves a receive behind that no Read waits for any more.
func leaveArmed(t *testing.T, c net.Conn) {
	t.Helper()
	read := startRead(c, 1).blocked(t)
	must(t, c.SetReadDeadline(aLongTimeAgo))
	_, err := read.wait(t)
	checkTimeout(t, "Read", err)
	must(t, c.SetReadDeadline(time.Time{}))
}

// waitReset waits until c's socket has got a reset. It does not disturb what is
// received ahead.
func waitReset(t *testing.T, c net.Conn) {
	t.Helper()
	rc, err := c.(syscall.Conn).SyscallConn()
	must(t, err)
	eventually(t, "the reset arrives", func() bool {
		var info *unix.TCPInfo
		cerr := rc.Control(func(sysfd uintptr) {
			info, err = unix.GetsockoptTCPInfo(int(sysfd), unix.IPPROTO_TCP, unix.TCP_INFO)
		})
		must(t, errors.Join(cerr, err))
		return info.State == unix.BPF_TCP_CLOSE
	})
}

// A chain with a connection that was closed before, or of an engine that was, says
// which step it is.
func TestChainOfClosed(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		_, server := pair(t, stackOf(e), "tcp")
		f := openNew(t, e)
		check := func(what string, ch *uringnet.Chain) {
			t.Helper()
			err := ch.Run()
			var ce *uringnet.ChainError
			if !errors.As(err, &ce) || ce.Index != 0 || !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: Run: %v", what, err)
			}
		}
		must(t, server.Close())
		ch := e.NewChain()
		ch.Send(server, []byte("x"))
		ch.Datasync(f)
		check("closed connection", ch)
		must(t, e.Close())
		check("closed engine", ch)
	})
}
