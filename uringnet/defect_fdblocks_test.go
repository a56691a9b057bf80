//go:build linux

package uringnet_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// nonblocking reports whether a descriptor is in non-blocking mode.
func nonblocking(t *testing.T, fd uintptr) bool {
	t.Helper()
	flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
	must(t, err)
	return flags&unix.O_NONBLOCK != 0
}

// ownNonblocking is nonblocking of what a RawConn has.
func ownNonblocking(t *testing.T, c any) (nb bool) {
	t.Helper()
	must(t, rawConnOf(t, c).Control(func(fd uintptr) { nb = nonblocking(t, fd) }))
	return nb
}

// As net's TestFileFdBlocks has it: a connection and its File do not block; the
// descriptor that File.Fd returns does.
func TestFileFdBlocks(t *testing.T) {
	modes := func(t *testing.T, s stack, network string) (got []string) {
		ln := listen(t, s, network)
		client := dialTo(t, s, ln)
		server := accept(t, ln)
		for _, c := range []any{ln, client, server} {
			f, err := c.(interface{ File() (*os.File, error) }).File()
			must(t, err)
			defer f.Close()
			own, file := ownNonblocking(t, c), ownNonblocking(t, f)
			got = append(got, fmt.Sprintf("own %v, file %v, Fd %v", own, file, nonblocking(t, f.Fd())))
		}
		return got
	}
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			got, want := modes(t, stackOf(e), network), modes(t, stdStack, network)
			compareLines(t, got, want)
			for _, line := range want {
				if line != "own true, file true, Fd false" {
					t.Errorf("net has %q", line)
				}
			}
		})
	})
}

// File leaves the socket's options as they are, and its name is net's.
func TestFileChangesNothing(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		tc := server.(*uringnet.TCPConn)
		must(t, tc.SetNoDelay(false))
		must(t, tc.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 77 * time.Second, Interval: 5 * time.Second, Count: 3}))
		options := func() []int {
			return []int{
				getsockopt(t, server, unix.IPPROTO_TCP, unix.TCP_NODELAY),
				getsockopt(t, server, unix.SOL_SOCKET, unix.SO_KEEPALIVE),
				getsockopt(t, server, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE),
				getsockopt(t, server, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL),
				getsockopt(t, server, unix.IPPROTO_TCP, unix.TCP_KEEPCNT),
			}
		}
		before := fmt.Sprint(options())
		f, err := tc.File()
		must(t, err)
		defer f.Close()
		if after := fmt.Sprint(options()); after != before {
			t.Errorf("File changed options %v to %v", before, after)
		}
		if want := fmt.Sprintf("tcp:%v->%v", server.LocalAddr(), server.RemoteAddr()); f.Name() != want {
			t.Errorf("File is called %q; want %q", f.Name(), want)
		}
		write(t, client, "to the file")
		b := make([]byte, 100)
		must(t, f.SetReadDeadline(time.Now().Add(patience))) // it can wait, as net's
		n, err := f.Read(b)
		if string(b[:n]) != "to the file" || err != nil {
			t.Errorf("Read = %q, %v", b[:n], err)
		}
	})
}

// A second File leaves the first one's descriptor blocking: the two share it, and
// a child may be waiting there.
func TestSecondFile(t *testing.T) {
	modes := func(t *testing.T, s stack, network string) (got []string) {
		ln := listen(t, s, network)
		client := dialTo(t, s, ln)
		server := accept(t, ln)
		for _, c := range []any{ln, client, server} {
			var line string
			for range 2 {
				f, err := c.(interface{ File() (*os.File, error) }).File()
				must(t, err)
				defer f.Close()
				line += fmt.Sprintf("file %v, ", ownNonblocking(t, f))
				line += fmt.Sprintf("Fd %v; ", nonblocking(t, f.Fd()))
			}
			got = append(got, line)
		}
		return got
	}
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			compareLines(t, modes(t, stackOf(e), network), modes(t, stdStack, network))
		})
	})
}

// A File of a connection whose peer is gone, of one of a closed connection, and of
// one without a name.
func TestFileOfOddConns(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			if l, ok := client.(interface{ SetLinger(int) error }); ok {
				must(t, l.SetLinger(0)) // a reset: the socket has no peer then
			}
			must(t, client.Close())
			startRead(server, 1).wait(t)
			f, err := server.(connMethods).File()
			must(t, err)
			if nonblocking(t, f.Fd()) {
				t.Error("Fd does not block")
			}
			must(t, f.Close())
			must(t, server.Close())
			if f, err := server.(connMethods).File(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("File of a closed connection = %v, %v", f, err)
			}
		})
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		must(t, err)
		for _, fd := range fds {
			f := os.NewFile(uintptr(fd), "socketpair")
			c, err := e.FileConn(f)
			must(t, err)
			defer c.Close()
			must(t, f.Close())
			f, err = c.(connMethods).File()
			must(t, err)
			must(t, f.Close())
		}
	})
}

func init() { children["blocking"] = blockingChild }

// blockingChild echoes what comes on descriptor 3 by plain system calls, as a
// program in C does.
func blockingChild() error {
	if _, err := os.Stdout.WriteString("ready\n"); err != nil {
		return err
	}
	b := make([]byte, 100)
	for {
		n, err := unix.Read(3, b)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("read: %w", err)
		case n == 0:
			return nil
		default:
			if _, err := unix.Write(3, b[:n]); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
	}
}

// A child process reads from the connection that it was handed, and waits there.
func TestFileToChild(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := mixedPair(t, stdStack, stackOf(e), network)
			f, err := server.(connMethods).File()
			must(t, err)
			defer f.Close()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"=blocking", "GORACE=atexit_sleep_ms=0")
			cmd.ExtraFiles = []*os.File{f}
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			must(t, err)
			must(t, cmd.Start())
			must(t, f.Close())
			must(t, server.Close())
			b := make([]byte, 6)
			_, err = start("ready", func() (int, error) { return out.Read(b) }).wait(t)
			must(t, err)
			for range 3 {
				write(t, client, "to the child")
				expect(t, client, "to the child")
			}
			must(t, client.(interface{ CloseWrite() error }).CloseWrite())
			if _, err := startErr("Wait", cmd.Wait).wait(t); err != nil {
				t.Errorf("child: %v", err)
			}
		})
	})
}
