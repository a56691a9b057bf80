//go:build linux

package uringnet_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A connection that is dropped without Close is closed when it is collected.
func TestLostConnIsClosed(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			ln := listen(t, stdStack, network)
			peer := loseConn(t, e, ln)
			r := startRead(peer, 1)
			eventually(t, "peer sees the end of a lost connection", func() bool {
				runtime.GC()
				select {
				case <-r.done:
					return true
				default:
					return false
				}
			})
			if r.err != io.EOF && !errors.Is(r.err, syscall.ECONNRESET) {
				t.Errorf("Read: %v; want EOF", r.err)
			}
		})
	})
}

// loseConn connects to ln, uses the connection, and forgets it.
func loseConn(t *testing.T, e *uringnet.Engine, ln net.Listener) (peer net.Conn) {
	t.Helper()
	c, err := e.Dial(ln.Addr().Network(), ln.Addr().String())
	must(t, err)
	peer = accept(t, ln)
	if _, err := peer.Write([]byte("ab")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return peer
}

const kindEnv = "URINGNET_TEST_KIND"

func init() { children["emfile"] = emfileChild }

// Running out of descriptors is a temporary error of Accept, and accepting
// goes on when there are some again. It runs in a process of its own.
func TestEMFILE(t *testing.T) {
	for _, k := range engineKinds {
		if stdOnly && k.name != "std" {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"=emfile", kindEnv+"="+k.name, "GORACE=atexit_sleep_ms=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func childKind() (uringnet.Config, error) {
	for _, k := range engineKinds {
		if k.name == os.Getenv(kindEnv) {
			if k.cfg.Fallback != uringnet.FallbackAlways && !k.cfg.Disable.Has(uringnet.FeatIOUring) {
				k.cfg.Fallback = uringnet.FallbackNever
			}
			return k.cfg, nil
		}
	}
	return uringnet.Config{}, fmt.Errorf("no engine kind %q", os.Getenv(kindEnv))
}

func emfileChild() error {
	time.AfterFunc(patience, func() { panic("child hangs") })
	cfg, err := childKind()
	if err != nil {
		return err
	}
	// From the start on: an accept in flight keeps the limit it was armed under.
	low := unix.Rlimit{Cur: 200, Max: 200}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		return err
	}
	e, err := uringnet.NewEngine(cfg)
	if err != nil {
		return err
	}
	defer e.Close()
	ln, err := e.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	accepted := make(chan net.Conn, 100)
	temporary := make(chan error, 1)
	failed := make(chan error, 1)
	go func() { // as http.Server does
		for {
			c, err := ln.Accept()
			var ne net.Error
			switch {
			case err == nil:
				accepted <- c
			//lint:ignore SA1019 as http.Server does
			case errors.As(err, &ne) && ne.Temporary() && errors.Is(err, syscall.EMFILE):
				select {
				case temporary <- err:
				default:
				}
				time.Sleep(time.Millisecond) // back off
			default:
				failed <- err
				return
			}
		}
	}()
	var filler []int
	defer func() { closeAll(filler) }()
	for round := range 4 {
		// In the first round there is room, and everything that opens late
		// opens. Then the client gets the last descriptor.
		if round > 0 {
			if filler, err = useUpDescriptors(); err != nil {
				return err
			}
			unix.Close(filler[0])
			filler = filler[1:]
		}
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			return err
		}
		defer client.Close()
		if round > 0 {
			select {
			case <-temporary:
			case <-accepted:
				return errors.New("accepted without a descriptor")
			case err := <-failed:
				return fmt.Errorf("Accept without descriptors: %#v; want a temporary EMFILE", err)
			case <-time.After(patience / 2):
				return errors.New("Accept without descriptors: no error")
			}
			closeAll(filler)
			filler = nil
		}
		select {
		case c := <-accepted:
			defer c.Close()
			echoOK(client, c)
		case err := <-failed:
			return fmt.Errorf("Accept: %w", err)
		case <-time.After(patience / 2):
			return errors.New("nothing accepted when there were descriptors again")
		}
		for len(temporary) > 0 {
			<-temporary
		}
	}
	return nil
}

// useUpDescriptors opens descriptors until there are no more.
func useUpDescriptors() (opened []int, err error) {
	for {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if err == unix.EMFILE {
			return opened, nil
		}
		if err != nil {
			return opened, err
		}
		opened = append(opened, fd)
	}
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// echoOK sends a byte across, and panics if it does not arrive.
func echoOK(a, b net.Conn) {
	if _, err := a.Write([]byte("x")); err != nil {
		panic(err)
	}
	if n, err := b.Read(make([]byte, 1)); n != 1 || err != nil {
		panic(fmt.Sprint("Read = ", n, err))
	}
}
