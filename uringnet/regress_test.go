package uringnet_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// The tests in regress_*test.go each stand for a defect that was there once.

// ringKinds are mainKinds without the standard library.
var ringKinds = slices.DeleteFunc(slices.Clone(mainKinds), func(name string) bool { return name == "std" })

// A transfer by sendfile(2) counts as use of its connection, and only while it
// lasts.
func TestIdleTimeoutSendfile(t *testing.T) {
	const timeout = 200 * time.Millisecond
	for _, k := range engineKinds {
		if stdOnly || !slices.Contains(ringKinds, k.name) {
			continue
		}
		k.cfg.IdleTimeout = timeout
		t.Run(k.name, func(t *testing.T) {
			runOn(t, k, func(t *testing.T, e *uringnet.Engine) {
				for try := 0; !sendfileSlowly(t, e, timeout); try++ {
					if try == 5 {
						t.Fatal("this machine is too busy to read steadily")
					}
				}
			})
		})
	}
}

// sendfileSlowly sends a file, which takes several timeouts, and waits for the
// connection to be closed. It reports whether the reader was steady enough for
// the result to mean something.
func sendfileSlowly(t *testing.T, e *uringnet.Engine, timeout time.Duration) bool {
	const size, chunk = 4 << 20, 16 << 10
	f, data := testFile(t, size)
	ln := listen(t, stackOf(e), "tcp")
	peer := dialTo(t, stdStack, ln)
	c := accept(t, ln)
	must(t, peer.(*net.TCPConn).SetReadBuffer(4*chunk))
	must(t, c.(*uringnet.TCPConn).SetWriteBuffer(4*chunk))

	begin := time.Now()
	sent := start("ReadFrom", func() (int64, error) { return c.(io.ReaderFrom).ReadFrom(f) })
	var got []byte
	longest, last := time.Duration(0), time.Now()
	tick := time.NewTicker(timeout / 50)
	defer tick.Stop()
	var readErr error
	for b := make([]byte, chunk); len(got) < size && readErr == nil; {
		<-tick.C
		var n int
		must(t, peer.SetReadDeadline(time.Now().Add(patience)))
		n, readErr = peer.Read(b)
		got = append(got, b[:n]...)
		longest, last = max(longest, time.Since(last)), time.Now()
	}
	took := time.Since(begin)
	n, err := sent.wait(t)
	if longest > timeout/2 {
		return false
	}
	if n != size || err != nil || readErr != nil || !bytes.Equal(got, data) {
		t.Fatalf("ReadFrom = %d, %v; the peer got %d bytes, %v, in %v (longest pause %v)", n, err, len(got), readErr, took, longest)
	}
	if took < 3*timeout {
		t.Errorf("the transfer took only %v", took)
	}
	if _, err := startRead(c, 1).wait(t); !errors.Is(err, uringnet.ErrIdle) || !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read after the transfer: %v; want ErrIdle", err)
	}
	if _, err := startRead(peer, 1).wait(t); err == nil {
		t.Error("the peer sees no end")
	}
	return true
}

// io.Copy from a file to a connection does not pass the bytes through user
// space.
func TestCopyUsesSendfile(t *testing.T) {
	const size = 4 << 20
	forEngines(t, ringKinds, func(t *testing.T, e *uringnet.Engine) {
		f, data := testFile(t, size)
		c, peer := mixedPair(t, stackOf(e), stdStack, "tcp")
		before := e.Stats().Total
		got := start("ReadAll", func() ([]byte, error) { return io.ReadAll(peer) })
		n, err := start("io.Copy", func() (int64, error) { return io.Copy(c, f) }).wait(t)
		if n != size || err != nil {
			t.Fatalf("io.Copy = %d, %v", n, err)
		}
		must(t, c.Close())
		b, err := got.wait(t)
		if err != nil || sha256.Sum256(b) != sha256.Sum256(data) {
			t.Errorf("the peer got %d bytes, %v; not what was sent", len(b), err)
		}
		if out := e.Stats().Total.BytesOut - before.BytesOut; out > size/10 {
			t.Errorf("%d of %d bytes were sent from user space", out, size)
		}
	})
}

// The default engine refuses to be closed and goes on.
func TestDefaultClose(t *testing.T) {
	ln, err := uringnet.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	for range 2 {
		if uringnet.Default().Close() == nil {
			t.Error("the default engine can be closed")
		}
	}
	s := stack{"uringnet", uringnet.Listen, uringnet.Dial}
	for _, ln := range []net.Listener{ln, listen(t, s, "tcp")} {
		client := dialTo(t, s, ln)
		server := accept(t, ln)
		write(t, client, "x")
		expect(t, server, "x")
	}
}

// acceptRaw accepts a connection and keeps nothing of it but its RawConn.
func acceptRaw(t *testing.T, ln net.Listener) syscall.RawConn {
	c, err := start("Accept", ln.Accept).wait(t) // not accept, which keeps it
	must(t, err)
	rc, err := c.(syscall.Conn).SyscallConn()
	must(t, err)
	return rc
}

// A RawConn keeps its connection open when that is unreachable, and nothing
// does when the RawConn is unreachable too.
func TestRawConnKeepsConn(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			ln := listen(t, stackOf(e), network)
			client := dialTo(t, stdStack, ln)
			rc := acceptRaw(t, ln)
			end := startRead(client, 1)
			for range 20 {
				runtime.GC()
				called := false
				err := rc.Control(func(uintptr) { called = true })
				if err != nil || !called {
					t.Fatalf("Control: %v (called: %v)", err, called)
				}
			}
			end.blocked(t)
			runtime.KeepAlive(rc)
			eventually(t, "a connection that nobody has is closed", func() bool {
				runtime.GC()
				select {
				case <-end.done:
					return true
				default:
					return false
				}
			})
			if end.val != "" || end.err != io.EOF {
				t.Errorf("Read = %q, %v; want EOF", end.val, end.err)
			}
		})
	})
}

// Setting a read deadline does not wait for a large Write.
func TestDeadlineDuringWrite(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		c, peer := mixedPair(t, stackOf(e), stdStack, "tcp")
		drain := start("Copy", func() (int64, error) { return io.Copy(io.Discard, peer) })
		w := start("Write", func() (int, error) {
			n, err := c.Write(zeros)
			if err != nil {
				return n, err
			}
			m, err := c.Write(zeros)
			return n + m, err
		})
		var took []time.Duration
		begin := time.Now()
		for writing := true; writing; runtime.Gosched() {
			at := time.Now()
			must(t, c.SetReadDeadline(at.Add(time.Hour)))
			took = append(took, time.Since(at))
			select {
			case <-w.done:
				writing = false
			default:
				writing = time.Since(begin) < patience
			}
		}
		n, err := w.wait(t)
		if n != 2*len(zeros) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
		must(t, c.Close())
		if got, err := drain.wait(t); got != int64(n) || err != nil {
			t.Errorf("the peer got %d bytes, %v", got, err)
		}
		slices.Sort(took)
		median, longest := took[len(took)/2], took[len(took)-1]
		t.Logf("%d calls in %v: median %v, max %v", len(took), time.Since(begin), median, longest)
		if median > 20*time.Millisecond || longest > 250*time.Millisecond {
			t.Errorf("SetReadDeadline took %v, at most %v", median, longest)
		}
	})
}
