package poller_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
	"github.com/uringnet/go-uringnet/poller"
)

// A listener that nobody accepts from takes a bounded number of connections
// ahead; Accept gets all of them; Close closes those that nobody took.
func TestAcceptAheadIsBounded(t *testing.T) {
	const backlog, more = 300, 200
	forArmed(t, nil, func(t *testing.T, p *poller.Poller) {
		lnfd, port := listenTCP(t)
		ln := open(t, p, lnfd, poller.FDOptions{Listener: true})
		before := leakcheck.Take()
		clients := make([]int, 0, backlog)
		defer func() {
			for _, c := range clients {
				unix.Close(c)
			}
		}()
		dial := func() {
			c, err := dialTCP(port)
			must(t, err)
			clients = append(clients, c)
		}
		// A first Accept arms the accept, which then stays.
		accepted := make(chan error, 1)
		var first int
		go func() {
			var err error
			first, err = ln.Accept()
			accepted <- err
		}()
		dial()
		must(t, wait(t, "Accept", accepted))
		unix.Close(first)
		for len(clients) < backlog {
			dial()
		}
		// Another connection's traffic shows that the ring has moved on.
		fd, peer := onPoller(t, p)
		traffic := func() {
			for range 50 {
				send(t, peer, []byte("x"))
				expectBytes(t, fd, []byte("x"))
			}
		}
		// A multishot accept may take all that are there in one go. Then it is
		// stopped, and takes no more.
		eventually(t, "connections are accepted ahead", func() bool { return total(p).Accepts >= 64 })
		traffic()
		ahead := total(p).Accepts
		for range more {
			dial()
		}
		traffic()
		if n := total(p).Accepts; n != ahead {
			t.Errorf("%d connections accepted ahead of Accept, then %d", ahead, n)
		}
		must(t, ln.SetReadDeadline(time.Now().Add(patience)))
		for range backlog / 2 {
			sysfd, err := ln.Accept()
			must(t, err)
			unix.Close(sysfd)
		}
		must(t, ln.Close())
		must(t, fd.Close())
		for _, c := range clients {
			unix.Close(c)
		}
		clients = nil
		unix.Close(peer)
		if err := before.CheckFDs(patience); err != nil {
			t.Errorf("after Close: %v", err)
		}
	})
}

// A deadline ends Accept; a connection that comes later is for the next one.
func TestAcceptDeadline(t *testing.T) {
	forEachMode(t, nil, func(t *testing.T, p *poller.Poller) {
		lnfd, port := listenTCP(t)
		ln := open(t, p, lnfd, poller.FDOptions{Listener: true})
		for range 20 {
			must(t, ln.SetReadDeadline(time.Now().Add(time.Millisecond)))
			if _, err := ln.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("Accept: %v; want a timeout", err)
			}
			c, err := dialTCP(port)
			must(t, err)
			must(t, ln.SetReadDeadline(time.Now().Add(patience)))
			sysfd, err := ln.Accept()
			must(t, err)
			flags, err := unix.FcntlInt(uintptr(sysfd), unix.F_GETFD, 0)
			must(t, err)
			if flags&unix.FD_CLOEXEC == 0 {
				t.Error("an accepted descriptor is not close-on-exec")
			}
			unix.Close(sysfd)
			unix.Close(c)
		}
	})
}

// Accept on what does not listen is an error, at once.
func TestAcceptOnStream(t *testing.T) {
	p := newPoller(t, poller.Config{Rings: 1, BufferCount: 4})
	fd, _ := onPoller(t, p)
	if _, err := fd.Accept(); err == nil {
		t.Error("Accept on a stream succeeded")
	}
}
