package poller_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/poller"
)

// waiting waits until n goroutines are parked in Read or Write.
func waiting(t *testing.T, n int) {
	t.Helper()
	eventually(t, "the call waits", func() bool {
		parked := 0
		for _, stack := range strings.Split(allStacks(), "\n\n") {
			if strings.Contains(stack, " [chan receive") && strings.Contains(stack, ".(*FD).park") ||
				strings.Contains(stack, " [IO wait") && strings.Contains(stack, ".(*FD).waitApart") {
				parked++
			}
		}
		return parked == n
	})
}

// closed checks that fd's descriptor is closed when Close returns.
func closed(t *testing.T, what string, fd *poller.FD, sysfd int) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- fd.Close() }()
	if err := wait(t, "Close with "+what, done); err != nil {
		t.Errorf("Close with %s: %v", what, err)
	}
	if _, err := unix.FcntlInt(uintptr(sysfd), unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("Close with %s left the descriptor open (%v)", what, err)
	}
	if err := fd.Close(); err != poller.ErrClosed {
		t.Errorf("second Close: %v; want ErrClosed", err)
	}
}

// Close returns while a receive is armed, a Read waits, or a send is blocked;
// the kernel has then let go of the descriptor, and the peer sees the end.
func TestCloseInFlight(t *testing.T) {
	forEachMode(t, nil, func(t *testing.T, p *poller.Poller) {
		for range 30 {
			sysfd, peer := socketpair(t)
			fd := open(t, p, sysfd, stream)
			read := goRead(fd, make([]byte, 10))
			waiting(t, 1)
			closed(t, "a Read waiting", fd, sysfd)
			if r := wait(t, "Read", read); r.err != poller.ErrClosed || r.n != 0 {
				t.Errorf("Read ended by Close: %v", r)
			}
			if n, err := unix.Read(peer, make([]byte, 1)); n != 0 || err != nil {
				t.Errorf("peer reads %d, %v; want EOF", n, err)
			}
			unix.Close(peer)

			sysfd, peer = socketpair(t)
			fd = open(t, p, sysfd, stream)
			write := goWrite(fd, make([]byte, 8<<20))
			waiting(t, 1)
			closed(t, "a Write blocked", fd, sysfd)
			if r := wait(t, "Write", write); r.err != poller.ErrClosed || r.n <= 0 || r.n >= 8<<20 {
				t.Errorf("Write ended by Close: %v", r)
			}
			unix.Close(peer)
		}
	})
}

// Descriptor numbers are reused at once. No byte for one connection, and no
// request of one, may reach the next that has its number.
func TestDescriptorReuse(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 50
	}
	change := func(c *poller.Config) { c.Rings = 2 }
	forEachMode(t, change, func(t *testing.T, p *poller.Poller) {
		var wg sync.WaitGroup
		failed := make(chan error, 8)
		for worker := range 4 {
			wg.Go(func() {
				for i := range rounds {
					if err := reuse(p, byte(worker), i); err != nil {
						failed <- fmt.Errorf("worker %d, round %d: %w", worker, i, err)
						return
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		wait(t, "reuse", done)
		close(failed)
		for err := range failed {
			t.Error(err)
		}
	})
}

// reuse opens a connection, leaves a receive armed and bytes of its own on
// the way, and closes it.
func reuse(p *poller.Poller, worker byte, round int) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(pair[1])
	fd, err := p.Open(pair[0], stream)
	if err != nil {
		unix.Close(pair[0])
		return err
	}
	mine := bytes.Repeat([]byte{worker, byte(round), byte(round >> 8)}, 20)
	if _, err := unix.Write(pair[1], mine); err != nil {
		return err
	}
	got := make([]byte, len(mine))
	for off := 0; off < len(got); {
		n, err := fd.Read(got[off:])
		if err != nil {
			return fmt.Errorf("Read: %w", err)
		}
		off += n
	}
	if !bytes.Equal(got, mine) {
		return fmt.Errorf("bytes of another connection: %v", got[:3])
	}
	if _, err := fd.Write(mine); err != nil {
		return fmt.Errorf("Write: %w", err)
	}
	if n, err := unix.Read(pair[1], got); err != nil || !bytes.Equal(got[:max(n, 0)], mine) {
		return fmt.Errorf("peer got bytes of another connection: %v, %w", got[:3], err)
	}
	// Bytes that nobody will read, while a Read may take them.
	read := goRead(fd, make([]byte, 100))
	if round%2 == 0 {
		if _, err := unix.Write(pair[1], mine); err != nil {
			return err
		}
	}
	if err := fd.Close(); err != nil {
		return fmt.Errorf("Close: %w", err)
	}
	if r := <-read; r.err == nil && r.n != len(mine) || r.err != nil && r.err != poller.ErrClosed {
		return fmt.Errorf("Read during Close: %v", r)
	}
	if _, err := fd.Read(got); err != poller.ErrClosed {
		return fmt.Errorf("Read after Close: %w", err)
	}
	return nil
}

// Close of the poller while FDs are being closed waits for those too.
func TestPollerCloseWhileClosing(t *testing.T) {
	for _, mode := range []poller.Mode{poller.Shared, poller.Dedicated, poller.SQPoll} {
		t.Run(mode.String(), func(t *testing.T) {
			for range 20 {
				p := newPoller(t, poller.Config{Rings: 1, Mode: mode, BufferCount: 16, BufferSize: 1024})
				const conns = 32
				ended := make(chan error, 2*conns)
				var fds []*poller.FD
				for range conns {
					sysfd, peer := socketpair(t)
					defer unix.Close(peer)
					fd := open(t, p, sysfd, stream)
					go func() { _, err := fd.Read(make([]byte, 1)); ended <- err }()
					fds = append(fds, fd)
				}
				waiting(t, conns)
				for _, fd := range fds {
					go func() { ended <- fd.Close() }()
				}
				must(t, p.Close())
				for range 2 * conns {
					if err := wait(t, "FD.Close or Read during Poller.Close", ended); err != nil && err != poller.ErrClosed {
						t.Error(err)
					}
				}
			}
		})
	}
}

// Open after Close, and during it, does not leave a descriptor behind or close
// one twice.
func TestOpenWhileClosing(t *testing.T) {
	for range 50 {
		p := newPoller(t, poller.Config{Rings: 1, BufferCount: 4, BufferSize: 256})
		begin := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				<-begin
				for range 50 {
					pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := p.Open(pair[0], stream); err != nil {
						if err := unix.Close(pair[0]); err != nil {
							t.Errorf("Open failed, but it has closed the descriptor: %v", err)
						}
					}
					unix.Close(pair[1])
				}
			})
		}
		close(begin)
		must(t, p.Close())
		wg.Wait()
	}
}
