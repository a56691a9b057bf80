package poller_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/poller"
)

// forEachMode runs f on a poller of each way of driving, configured by change.
func forEachMode(t *testing.T, change func(*poller.Config), f func(t *testing.T, p *poller.Poller)) {
	t.Helper()
	forWays(t, ways(), change, f)
}

// forArmed is forEachMode for rings that own their connections.
func forArmed(t *testing.T, change func(*poller.Config), f func(t *testing.T, p *poller.Poller)) {
	t.Helper()
	forWays(t, armedWays(), change, f)
}

func forWays(t *testing.T, list []driveKind, change func(*poller.Config), f func(t *testing.T, p *poller.Poller)) {
	t.Helper()
	for _, k := range list {
		t.Run(k.name, func(t *testing.T) {
			k.cfg.Rings, k.cfg.BufferCount, k.cfg.BufferSize = 1, 16, 1024
			if change != nil {
				change(&k.cfg)
			}
			f(t, newPoller(t, k.cfg))
		})
	}
}

// send writes to a descriptor that blocks.
func send(t *testing.T, sysfd int, b []byte) {
	t.Helper()
	for len(b) > 0 {
		n, err := unix.Write(sysfd, b)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatalf("write to the peer's end: %v", err)
		}
		b = b[n:]
	}
}

// expectBytes reads want from fd, bounded.
func expectBytes(t *testing.T, fd *poller.FD, want []byte) {
	t.Helper()
	buf := make([]byte, len(want))
	for off := 0; off < len(want); {
		r := wait(t, "Read", goRead(fd, buf[off:]))
		off += r.n
		if r.err != nil {
			t.Fatalf("read %d of %d bytes: %v", off, len(want), r.err)
		}
	}
	if !bytes.Equal(buf, want) {
		t.Fatalf("read other bytes than were sent (%d)", len(want))
	}
}

// total is the sum of the counters of a poller's rings.
func total(p *poller.Poller) (c poller.Counters) {
	for _, r := range p.Counters() {
		c.Add(r)
	}
	return c
}

// Without a free buffer, connections receive all the same; and one that waits
// for bytes does not keep a CPU busy.
func TestNoBuffers(t *testing.T) {
	change := func(c *poller.Config) {
		c.BufferCount, c.MaxConnBuffers, c.BufferSize = 1, 1, 256
	}
	forArmed(t, change, func(t *testing.T, p *poller.Poller) {
		// hog keeps the only buffer: it reads a byte of what was received.
		hog, hogPeer := onPoller(t, p)
		send(t, hogPeer, bytes.Repeat([]byte("h"), 100))
		expectBytes(t, hog, []byte("h"))

		idle, idlePeer := onPoller(t, p)
		idleRead := goRead(idle, make([]byte, 10))
		busy, busyPeer := onPoller(t, p)
		const rounds = 200
		for i := range rounds {
			msg := fmt.Appendf(nil, "message %d", i)
			read := goRead(busy, make([]byte, len(msg)))
			send(t, busyPeer, msg)
			if r := wait(t, "Read", read); r.n == 0 || r.err != nil {
				t.Fatalf("Read = %v", r)
			} else if r.n < len(msg) {
				expectBytes(t, busy, msg[r.n:])
			}
		}
		before := total(p)
		if before.NoBuffers == 0 {
			t.Error("no receive found the buffers used up: the test does not do what it should")
		}
		<-time.After(50 * time.Millisecond) // to see what is done for nothing
		if n := total(p).NoBuffers - before.NoBuffers; n > 2 {
			t.Errorf("%d receives without a buffer while nothing is to be received: a waiting Read spins", n)
		}
		send(t, idlePeer, []byte("x"))
		if r := wait(t, "Read", idleRead); r.n != 1 || r.err != nil {
			t.Errorf("Read = %v", r)
		}
		expectBytes(t, hog, bytes.Repeat([]byte("h"), 99))
		// With the buffer free again, receives use it again. (A multishot
		// receive always wants another buffer for what may follow; on 6.1 it
		// ends without having used the only one.)
		received := total(p).Receives
		for range 10 {
			send(t, hogPeer, []byte("y"))
			expectBytes(t, hog, []byte("y"))
		}
		if n := total(p).Receives - received; n == 0 && p.Status().Receive == poller.ReceiveSingle {
			t.Error("receives do not use the ring again")
		}
	})
}

// A connection that nobody reads holds no more than its share of the buffers,
// keeps every byte, and does not get in the way of others.
func TestConnBuffersCap(t *testing.T) {
	change := func(c *poller.Config) { c.MaxConnBuffers = 1 }
	forArmed(t, change, func(t *testing.T, p *poller.Poller) {
		floods := make([]*poller.FD, 12)
		sent := make(chan error, len(floods))
		data := randomBytes(1, 1<<20)
		for i := range floods {
			fd, peer := onPoller(t, p)
			floods[i] = fd
			// A first exchange, then nobody reads.
			send(t, peer, []byte("first"))
			expectBytes(t, fd, []byte("first"))
			go func() {
				for b := data; len(b) > 0; {
					n, err := unix.Write(peer, b)
					if err != nil && err != unix.EINTR {
						sent <- err
						return
					}
					b = b[max(n, 0):]
				}
				sent <- unix.Shutdown(peer, unix.SHUT_WR)
			}()
		}
		// Each flood may hold one of the 16 buffers: four are left.
		fd, peer := onPoller(t, p)
		for i := range 500 {
			msg := fmt.Appendf(nil, "message %d", i)
			send(t, peer, msg)
			expectBytes(t, fd, msg)
			if _, err := fd.Write(msg); err != nil {
				t.Fatal(err)
			}
			back := make([]byte, len(msg))
			if n, err := unix.Read(peer, back); n != len(msg) || !bytes.Equal(back, msg) {
				t.Fatalf("peer read %q, %v", back[:max(n, 0)], err)
			}
		}
		if n := p.InUse().Provided; n > len(floods) { // each holds its share at most
			t.Errorf("%d connections that nobody reads hold %d buffers", len(floods), n)
		}
		for _, fd := range floods {
			done := make(chan struct{})
			go func() { defer close(done); expectBytes(t, fd, data) }()
			wait(t, "reading what was flooded", done)
			if r := wait(t, "Read", goRead(fd, make([]byte, 1))); r.err == nil {
				t.Errorf("%d bytes too many", r.n)
			}
		}
		for range floods {
			must(t, wait(t, "flood", sent))
		}
		if err := leaks(p); err != nil {
			t.Errorf("all was read, but %v", err)
		}
	})
}

// What arrived is dropped with the connection, and its buffers are given back.
func TestCloseUnread(t *testing.T) {
	forEachMode(t, nil, func(t *testing.T, p *poller.Poller) {
		for range 100 {
			fd, peer := onPoller(t, p)
			send(t, peer, bytes.Repeat([]byte("u"), 5000))
			expectBytes(t, fd, []byte("u"))
			must(t, fd.Close())
		}
		if err := leaks(p); err != nil {
			t.Error(err)
		}
	})
}

// Bytes that arrive when a deadline ends the Read belong to the next.
func TestDeadlineKeepsBytes(t *testing.T) {
	forEachMode(t, nil, func(t *testing.T, p *poller.Poller) {
		fd, peer := onPoller(t, p)
		data := randomBytes(2, 20000)
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for b := data; len(b) > 0; b = b[min(20, len(b)):] {
				send(t, peer, b[:min(20, len(b))])
			}
		}()
		var got []byte
		buf := make([]byte, 64)
		timeouts := 0
		for len(got) < len(data) {
			must(t, fd.SetReadDeadline(time.Now().Add(20*time.Microsecond)))
			n, err := fd.Read(buf)
			got = append(got, buf[:n]...)
			if err != nil {
				timeouts++
			}
		}
		wait(t, "sender", sent)
		if !bytes.Equal(got, data) {
			t.Errorf("bytes lost or reordered after %d timeouts", timeouts)
		}
	})
}
