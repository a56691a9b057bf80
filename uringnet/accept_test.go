package uringnet_test

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A deadline ends an Accept, before or while it waits, and accepting goes on.
func TestAcceptDeadline(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			s := stackOf(e)
			ln := listen(t, s, network).(listenerMethods)
			for _, d := range deadlines {
				must(t, ln.SetDeadline(d.at()))
				_, err := start("Accept", ln.Accept).wait(t)
				checkTimeout(t, d.name+" before Accept", err)

				must(t, ln.SetDeadline(time.Time{}))
				a := start("Accept", ln.Accept).blocked(t)
				must(t, ln.SetDeadline(d.at()))
				_, err = a.wait(t)
				checkTimeout(t, d.name+" during Accept", err)

				must(t, ln.SetDeadline(time.Now().Add(time.Hour)))
				c := dialTo(t, s, ln)
				write(t, c, "hello")
				expect(t, accept(t, ln), "hello")
			}
		})
	})
}

// Connections that arrive while no Accept waits, and while Accepts time out,
// are all taken later, once (peer failing #16).
func TestAcceptDeadlineLosesNoConnection(t *testing.T) {
	const conns = 60
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		s := stackOf(e)
		ln := listen(t, s, "tcp").(listenerMethods)
		dialed := startErr("dials", func() error {
			for i := range conns {
				c, err := net.Dial("tcp", ln.Addr().String())
				if err != nil {
					return err
				}
				defer c.Close()
				if _, err := c.Write([]byte{byte(i)}); err != nil {
					return err
				}
			}
			return nil
		})
		seen := map[byte]bool{}
		for stop := time.Now().Add(patience); len(seen) < conns; {
			if time.Now().After(stop) {
				t.Fatalf("%d of %d connections accepted", len(seen), conns)
			}
			must(t, ln.SetDeadline(time.Now().Add(200*time.Microsecond)))
			c, err := ln.Accept()
			if err != nil {
				checkTimeout(t, "Accept", err)
				continue
			}
			b := make([]byte, 1)
			c.SetReadDeadline(time.Now().Add(patience))
			_, err = io.ReadFull(c, b)
			c.Close()
			if err != nil || seen[b[0]] {
				t.Fatalf("connection %d: again, or %v", b[0], err)
			}
			seen[b[0]] = true
		}
		if _, err := dialed.wait(t); err != nil {
			t.Fatal(err)
		}
	})
}

// Several goroutines may wait in Accept; Close wakes them all.
func TestConcurrentAccept(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		s := stackOf(e)
		ln := listen(t, s, "tcp")
		var accepts []*call[net.Conn]
		for range 6 {
			accepts = append(accepts, start("Accept", ln.Accept).blocked(t))
		}
		for range 3 {
			dialTo(t, s, ln)
		}
		returned := 0
		eventually(t, "three Accepts return", func() bool {
			returned = 0
			for _, a := range accepts {
				select {
				case <-a.done:
					returned++
				default:
				}
			}
			return returned == 3
		})
		must(t, ln.Close())
		taken := 0
		for _, a := range accepts {
			c, err := a.wait(t)
			if err == nil {
				taken++
				c.Close()
			} else if !errors.Is(err, net.ErrClosed) {
				t.Errorf("Accept woken by Close: %v", err)
			}
		}
		if taken != 3 {
			t.Errorf("%d connections taken; want 3", taken)
		}
	})
}

// Connections that arrived but were not taken are closed with the listener.
func TestListenerCloseDropsUntaken(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			s := stackOf(e)
			ln := listen(t, s, network)
			a := start("Accept", ln.Accept) // arms the accept
			first := dialTo(t, s, ln)
			if c, err := a.wait(t); err == nil {
				defer c.Close()
			}
			var rest []net.Conn
			for range 5 {
				rest = append(rest, dialTo(t, s, ln))
			}
			must(t, ln.Close())
			for i, c := range rest {
				if _, err := startRead(c, 1).wait(t); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("connection %d, not taken: Read: %v; want EOF or a reset", i, err)
				}
			}
			must(t, first.Close())
		})
	})
}

// A listener is open until Close and closed when Close has returned.
func TestListenerCloseReleasesAddress(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			s := stackOf(e)
			ln := listen(t, s, network)
			addr := ln.Addr().String()
			for range 5 {
				a := start("Accept", ln.Accept).blocked(t)
				must(t, ln.Close())
				if _, err := a.wait(t); !errors.Is(err, net.ErrClosed) {
					t.Fatalf("Accept: %v; want net.ErrClosed", err)
				}
				if c, err := s.dial(network, addr); err == nil {
					c.Close()
					t.Fatal("connected to a closed listener")
				}
				var err error
				ln, err = s.listen(network, addr)
				must(t, err)
			}
			must(t, ln.Close())
		})
	})
}

// A server that accepts slowly, as behind a LimitListener, serves all in the end.
func TestSlowAcceptor(t *testing.T) {
	const conns, limit = 40, 3
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stackOf(e), "tcp")
		sem := make(chan struct{}, limit)
		server := startErr("server", func() error {
			for range conns {
				sem <- struct{}{}
				c, err := ln.Accept()
				if err != nil {
					return err
				}
				go func() {
					defer func() { c.Close(); <-sem }()
					io.Copy(c, c)
				}()
			}
			return nil
		})
		var wg sync.WaitGroup
		for range conns {
			c := dialTo(t, stdStack, ln)
			wg.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(patience))
				c.Write([]byte("ping"))
				if got, err := readN(c, 4); got != "ping" {
					t.Errorf("echo = %q, %v", got, err)
				}
			})
		}
		wg.Wait()
		if _, err := server.wait(t); err != nil {
			t.Error(err)
		}
	})
}

// A client that is gone before Accept is no error of the listener's.
func TestAcceptAfterClientLeft(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		s := stackOf(e)
		ln := listen(t, s, "tcp")
		for range 20 {
			c, err := net.Dial("tcp", ln.Addr().String())
			must(t, err)
			must(t, c.(*net.TCPConn).SetLinger(0))
			must(t, c.Close())
		}
		last := dialTo(t, stdStack, ln)
		write(t, last, "last")
		for {
			c := accept(t, ln)
			must(t, c.SetReadDeadline(time.Now().Add(patience)))
			got, err := readN(c, 4)
			c.Close()
			if got == "last" {
				break
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("Read of a reset connection hangs")
			}
		}
	})
}

// A burst of connections that nobody takes, larger than the rings' queues, is
// served when somebody does: an accept that ended for want of room is armed
// again (peer failing #16).
func TestAcceptBurst(t *testing.T) {
	const conns = 150
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			ln := listen(t, stackOf(e), network)
			a := start("Accept", ln.Accept)
			var clients []net.Conn
			for i := range conns {
				c := dialTo(t, stdStack, ln)
				write(t, c, string([]byte{byte(i)}))
				clients = append(clients, c)
			}
			seen := map[string]bool{}
			for range conns {
				c, err := a.wait(t)
				must(t, err)
				got, err := start("read", func() (string, error) { return readN(c, 1) }).wait(t)
				must(t, err)
				seen[got] = true
				write(t, c, got)
				c.Close()
				a = start("Accept", ln.Accept)
			}
			for i, c := range clients {
				expect(t, c, string([]byte{byte(i)}))
			}
			if len(seen) != conns {
				t.Errorf("%d connections served; want %d", len(seen), conns)
			}
			must(t, ln.Close())
			a.wait(t)
		})
	})
}
