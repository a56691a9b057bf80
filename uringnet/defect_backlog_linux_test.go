package uringnet_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// waiting is how many connections wait in a listener's backlog.
const waiting = 20

// A listenWay is a way to come by a listener of the engine.
type listenWay struct {
	name   string
	listen func(t *testing.T, e *uringnet.Engine, network string) net.Listener
}

var listenWays = []listenWay{
	{"Listen", func(t *testing.T, e *uringnet.Engine, network string) net.Listener {
		return listen(t, stackOf(e), network)
	}},
	{"Wrap", func(t *testing.T, e *uringnet.Engine, network string) net.Listener {
		ln, err := e.Wrap(listen(t, stdStack, network))
		must(t, err)
		t.Cleanup(func() { ln.Close() })
		return ln
	}},
	{"FileListener", func(t *testing.T, e *uringnet.Engine, network string) net.Listener {
		std := listen(t, stdStack, network)
		f, err := std.(listenerMethods).File()
		must(t, err)
		ln, err := e.FileListener(f)
		must(t, errors.Join(err, f.Close()))
		if u, ok := std.(*net.UnixListener); ok {
			u.SetUnlinkOnClose(false)
		}
		must(t, std.Close())
		t.Cleanup(func() { ln.Close() })
		return ln
	}},
}

// withBacklog runs f with listeners on which connections wait: Accepts have run
// before, one was woken by a deadline, none runs now.
func withBacklog(t *testing.T, f func(t *testing.T, ln listenerMethods, clients []net.Conn)) {
	t.Helper()
	forEngines(t, readyKinds, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			for _, way := range listenWays {
				t.Run(way.name, func(t *testing.T) {
					ln := way.listen(t, e, network).(listenerMethods)
					for range 3 {
						a := start("Accept", ln.Accept).blocked(t)
						dialTo(t, stdStack, ln)
						c, err := a.wait(t)
						must(t, err)
						must(t, c.Close())
					}
					a := start("Accept", ln.Accept).blocked(t)
					must(t, ln.SetDeadline(aLongTimeAgo))
					_, err := a.wait(t)
					checkTimeout(t, "Accept", err)
					must(t, ln.SetDeadline(time.Time{}))
					var clients []net.Conn
					for range waiting {
						clients = append(clients, dialTo(t, stdStack, ln))
					}
					f(t, ln, clients)
				})
			}
		})
	})
}

// Closing a listener ends the connections that nobody accepted: as std does, by
// a reset.
func TestDefectBacklogCloses(t *testing.T) {
	withBacklog(t, func(t *testing.T, ln listenerMethods, clients []net.Conn) {
		must(t, ln.Close())
		others := map[string]int{}
		for _, c := range clients {
			if _, err := startRead(c, 1).wait(t); !errors.Is(err, syscall.ECONNRESET) {
				others[fmt.Sprint(err)]++
			}
		}
		if len(others) > 0 {
			t.Errorf("clients' Reads: %v; want %d resets", others, len(clients))
		}
	})
}

// A duplicate of the listener may accept all that waits, also one made when they
// waited already, and however it was made.
func TestDefectBacklogIsShared(t *testing.T) {
	dups := map[string]func(t *testing.T, ln listenerMethods) *os.File{
		"File": func(t *testing.T, ln listenerMethods) *os.File {
			f, err := ln.File()
			must(t, err)
			return f
		},
		"Control": func(t *testing.T, ln listenerMethods) *os.File {
			var dup int
			var err error
			must(t, rawConnOf(t, ln).Control(func(fd uintptr) {
				dup, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
			}))
			must(t, err)
			return os.NewFile(uintptr(dup), "dup")
		},
	}
	for name, dup := range dups {
		t.Run(name, func(t *testing.T) {
			withBacklog(t, func(t *testing.T, ln listenerMethods, clients []net.Conn) {
				f := dup(t, ln)
				other, err := net.FileListener(f)
				must(t, errors.Join(err, f.Close()))
				defer other.Close()
				for i := range clients {
					from := net.Listener(other)
					if i%2 == 1 {
						from = ln // they share
					}
					must(t, from.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(patience/4)))
					c, err := from.Accept()
					if err != nil {
						t.Fatalf("Accept %d of %d on a %T: %v", i+1, waiting, from, err)
					}
					_, err = fmt.Fprintf(c, "hello")
					must(t, errors.Join(err, c.Close()))
				}
				for _, c := range clients {
					if got, err := io.ReadAll(c); string(got) != "hello" || err != nil {
						t.Errorf("a client read %q, %v", got, err)
					}
				}
			})
		})
	}
}

// Messages with descriptors are for ReadMsgUnix, also after plain Reads with room
// for more than came.
func TestDefectRightsAfterReads(t *testing.T) {
	forEngines(t, readyKinds, func(t *testing.T, e *uringnet.Engine) {
		c, s := pair(t, stackOf(e), "unix")
		client, server := c.(*uringnet.UnixConn), s.(*uringnet.UnixConn)
		for i := range 20 {
			r := startRead(server, 1000).blocked(t)
			write(t, client, "plain")
			if got, err := r.wait(t); got != "plain" || err != nil {
				t.Fatalf("Read = %q, %v", got, err)
			}
			w := sendFD(t, client, "with a descriptor")
			write(t, client, "plain again") // behind it
			receiveFD(t, server, "with a descriptor", w)
			expect(t, server, "plain again")
			if i%5 == 4 {
				timedOutRead(t, server)
			}
		}
	})
}

// Close with bytes unread resets, whoever had a Read waiting when they came; what
// was read to the end ends in EOF.
func TestDefectCloseUnreadCrowd(t *testing.T) {
	forEngines(t, readyKinds, func(t *testing.T, e *uringnet.Engine) {
		for i := range 20 {
			peer, c := mixedPair(t, stdStack, stackOf(e), "tcp")
			r := startRead(c, 1+i%3).blocked(t)
			write(t, peer, "abc")
			got, err := r.wait(t)
			must(t, err)
			want := error(syscall.ECONNRESET)
			if len(got) == 3 {
				want = io.EOF
			}
			must(t, c.Close())
			if _, err := startRead(peer, 1).wait(t); !errors.Is(err, want) {
				t.Errorf("after %q of %q was read: the peer's Read: %v; want %v", got, "abc", err, want)
			}
		}
	})
}
