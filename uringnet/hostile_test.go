//go:build linux

package uringnet_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
	"github.com/uringnet/go-uringnet/uringnet"
)

// descriptorLimit is how many descriptors the process may open.
func descriptorLimit() int {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return 1024
	}
	return int(min(lim.Cur, 1<<20))
}

// Clients that behave badly in every way leave nothing behind, and do not
// disturb one that behaves.
func TestHostileClients(t *testing.T) {
	quick, others := 20000, 200
	if testing.Short() {
		quick, others = 1000, 50
	}
	forEngines(t, stressKinds, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stackOf(e), "tcp")
		addr := ln.Addr().String()
		var serving sync.WaitGroup
		served := startErr("Serve", func() error {
			defer serving.Wait()
			for {
				c, err := ln.Accept()
				if errors.Is(err, net.ErrClosed) {
					return nil
				}
				if err != nil {
					return err
				}
				serving.Go(func() {
					defer c.Close()
					_, _ = io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
				})
			}
		})
		// One exchange makes whatever lives as long as the engine.
		good := dialTo(t, stdStack, ln)
		must(t, exchangeOnce(good, "hello"))
		before := leakcheck.Take()

		attacks := []struct {
			n int
			f func(addr string) error
		}{
			{quick, connectAndClose},
			{others, connectAndReset},
			{others, resetMidway},
			{others, halfOpen},
			{others / 10, byteByByte},
			{others / 10, neverRead},
		}
		for _, a := range attacks {
			const workers = 4
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for range (a.n + workers - 1) / workers {
						if err := a.f(addr); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			must(t, exchangeOnce(good, "still served"))
		}
		if err := before.Check(patience); err != nil {
			t.Errorf("while the engine runs on:\n%v", err)
		}
		must(t, exchangeOnce(good, "bye"))
		must(t, good.Close())
		must(t, ln.Close())
		_, err := served.wait(t)
		must(t, err)
		must(t, leakedBuffers(e))
	})
}

// exchangeOnce sends s and expects it back.
func exchangeOnce(c net.Conn, s string) error {
	if _, err := io.WriteString(c, s); err != nil {
		return err
	}
	got, err := readN(c, len(s))
	if err == nil && got != s {
		err = errors.New("got " + got)
	}
	return err
}

// dialRST connects; the connection ends with a reset, so that its port does
// not wait.
func dialRST(addr string) (*net.TCPConn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	tc := c.(*net.TCPConn)
	return tc, tc.SetLinger(0)
}

// connectAndClose is a port scan. Every fourth ends in order.
func connectAndClose(addr string) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	if c.LocalAddr().(*net.TCPAddr).Port%4 != 0 {
		if err := c.(*net.TCPConn).SetLinger(0); err != nil {
			return err
		}
	}
	return c.Close()
}

func connectAndReset(addr string) error {
	c, err := dialRST(addr)
	if err != nil {
		return err
	}
	if _, err := c.Write([]byte("half a requ")); err != nil {
		return err
	}
	return c.Close()
}

// resetMidway resets while an echo is under way in both directions.
func resetMidway(addr string) error {
	c, err := dialRST(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, 100_000)); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 10))
	return err
}

// halfOpen sends, ends its side, and reads late.
func halfOpen(addr string) error {
	c, err := dialRST(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "last words"); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	b, err := io.ReadAll(c)
	if err == nil && string(b) != "last words" {
		err = errors.New("half open: got " + string(b))
	}
	return err
}

// byteByByte sends a byte at a time.
func byteByByte(addr string) error {
	c, err := dialRST(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	text := randomBytes(5, 500)
	done := make(chan error, 1)
	go func() {
		got, err := readN(c, len(text))
		if err == nil && got != string(text) {
			err = errors.New("byte by byte: other bytes came back")
		}
		done <- err
	}()
	for i := range text {
		if _, err := c.Write(text[i : i+1]); err != nil {
			return err
		}
	}
	return <-done
}

// neverRead sends until the server can take no more for its echo, and resets.
func neverRead(addr string) error {
	c, err := dialRST(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = c.Write(zeros[:beyondSocket])
	}()
	if _, err := c.Read(make([]byte, 1)); err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	<-sent
	return nil
}
