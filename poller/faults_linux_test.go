package poller_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/faults"
	"github.com/uringnet/go-uringnet/internal/seam"
	"github.com/uringnet/go-uringnet/poller"
)

// Under every fault that kernels have been seen to make, no byte is lost,
// duplicated or reordered, and nothing leaks.
func TestFaults(t *testing.T) {
	plans := []struct {
		name string
		plan faults.Plan
	}{
		{"none", faults.Plan{}},
		{"short", faults.Plan{Short: 3}},
		{"errnos", faults.Plan{Errno: 3}},
		{"enter", faults.Plan{Enter: 3}},
		{"delay", faults.Plan{Delay: 3}},
		{"late", faults.Plan{Delay: 1}}, // every completion, those after a cancel too
		{"all", faults.Plan{Short: 8, Errno: 8, Enter: 8, Delay: 8}},
	}
	for _, k := range driveKinds() {
		for _, pl := range plans {
			t.Run(k.name+"/"+pl.name, func(t *testing.T) {
				seed := randomSeed(t)
				plan := pl.plan
				plan.Multishot = true // accepts are, under both ways of receiving
				inj := faults.New(seed, plan)
				var p *poller.Poller
				seam.With(inj, func() { p = newPoller(t, k.cfg) })
				exchangeAll(t, p, seed)
				faulty := pl.name != "none" && mayFault(k.cfg, pl.plan)
				// A batch is one chance only: a short exchange may have few.
				for i := uint64(1); faulty && inj.Done() == 0 && i < 20; i++ {
					exchangeAll(t, p, seed+1000*i)
				}
				if faulty && inj.Done() == 0 {
					t.Error("no fault was injected")
				}
				t.Log(inj)
			})
		}
	}
}

// mayFault reports whether a poller meets chances for the faults of a plan.
func mayFault(cfg poller.Config, plan faults.Plan) bool {
	switch {
	case plan.Short > 0 || plan.Errno > 0:
		return true
	case cfg.Mode == poller.Shared:
		// A ring is used only for what is ready together, which may not happen.
		return false
	}
	return plan.Enter == 0 || cfg.Mode != poller.SQPoll
}

// exchangeAll opens many connections, both ends on p, that echo until they
// are done or one side closes early.
func exchangeAll(t *testing.T, p *poller.Poller, seed uint64) {
	conns := 48
	if testing.Short() {
		conns = 8
	}
	lnfd, port := listenTCP(t)
	ln := open(t, p, lnfd, poller.FDOptions{Listener: true})
	served := make(chan error, conns)
	go func() {
		for range conns {
			sysfd, err := ln.Accept()
			if err != nil {
				served <- fmt.Errorf("Accept: %w", err)
				continue
			}
			go func() { served <- serveEcho(p, sysfd) }()
		}
	}()
	done := make(chan error, conns)
	for i := range conns {
		go func() { done <- exchange(p, port, seed+uint64(i)) }()
	}
	for range conns {
		if err := wait(t, "client", done); err != nil {
			t.Error(err)
		}
	}
	for range conns {
		if err := wait(t, "server", served); err != nil {
			t.Error(err)
		}
	}
	must(t, ln.Close())
	if err := leaks(p); err != nil {
		t.Error(err)
	}
}

// peerGone are the errors that the early close of the peer brings.
func peerGone(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// serveEcho sends back what it reads, with deadlines that expire, until the
// peer ends.
func serveEcho(p *poller.Poller, sysfd int) error {
	fd, err := p.Open(sysfd, stream)
	if err != nil {
		return err
	}
	defer fd.Close()
	r := rand.New(rand.NewPCG(uint64(sysfd), 1))
	buf := make([]byte, 9000)
	for {
		n, err := readOnce(fd, buf, r)
		if err == io.EOF || peerGone(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("server: read: %w", err)
		}
		if err := writeAll(fd, buf[:n], r); err != nil {
			if peerGone(err) {
				return nil
			}
			return fmt.Errorf("server: write: %w", err)
		}
	}
}

// exchange sends random data in pieces and checks every byte that comes back.
// One in four closes early.
func exchange(p *poller.Poller, port int, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 2))
	sysfd, err := dialTCP(port)
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(sysfd, true); err != nil {
		return err
	}
	fd, err := p.Open(sysfd, stream)
	if err != nil {
		return err
	}
	defer fd.Close()
	data := randomBytes(seed, 1+r.IntN(1<<(1+r.IntN(20))))
	expected := data
	early := r.IntN(4) == 0
	if early {
		expected = data[:r.IntN(len(data)+1)]
	}
	sent := make(chan error, 1)
	go func() { sent <- sendPieces(fd, data, rand.New(rand.NewPCG(seed, 3))) }()
	err = readAndCompare(fd, expected, r)
	if early {
		fd.Close()
		if werr := <-sent; werr != nil && werr != poller.ErrClosed && !peerGone(werr) {
			return fmt.Errorf("seed %d: write during close: %w", seed, werr)
		}
		return err
	}
	if werr := <-sent; werr != nil {
		return fmt.Errorf("seed %d: write: %w (read: %v)", seed, werr, err)
	}
	if err != nil {
		return fmt.Errorf("seed %d: %w", seed, err)
	}
	n, err := readOnce(fd, make([]byte, 1), r)
	if n != 0 || err != io.EOF {
		return fmt.Errorf("seed %d: at the end: %d, %v; want EOF", seed, n, err)
	}
	return nil
}

func sendPieces(fd *poller.FD, data []byte, r *rand.Rand) error {
	for len(data) > 0 {
		n := min(len(data), 1+r.IntN(1<<(1+r.IntN(17))))
		if err := writeAll(fd, data[:n], r); err != nil {
			return err
		}
		data = data[n:]
	}
	return fd.Shutdown(unix.SHUT_WR)
}

func readAndCompare(fd *poller.FD, want []byte, r *rand.Rand) error {
	buf := make([]byte, 32<<10)
	for off := 0; off < len(want); {
		n, err := readOnce(fd, buf[:min(1+r.IntN(len(buf)), len(want)-off)], r)
		if !bytes.Equal(buf[:n], want[off:off+n]) {
			return fmt.Errorf("other bytes at %d", off)
		}
		off += n
		if err != nil {
			return fmt.Errorf("read at %d of %d: %w", off, len(want), err)
		}
	}
	return nil
}

// readOnce reads, half of the time with a deadline that may expire first.
func readOnce(fd *poller.FD, b []byte, r *rand.Rand) (int, error) {
	for {
		if err := fd.SetReadDeadline(randomDeadline(r)); err != nil {
			return 0, err
		}
		n, err := fd.Read(b)
		if n == 0 && err == nil && len(b) > 0 {
			return 0, errors.New("Read = 0, nil")
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if n != 0 {
			return 0, fmt.Errorf("Read = %d and a timeout", n)
		}
	}
}

// writeAll writes, going on after timeouts where the kernel stopped taking.
func writeAll(fd *poller.FD, b []byte, r *rand.Rand) error {
	for {
		if err := fd.SetWriteDeadline(randomDeadline(r)); err != nil {
			return err
		}
		n, err := fd.Write(b)
		b = b[n:]
		switch {
		case err == nil && len(b) > 0:
			return fmt.Errorf("Write left out %d bytes, without an error", len(b))
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
	}
}

func randomDeadline(r *rand.Rand) time.Time {
	switch r.IntN(8) {
	case 0:
		return time.Now().Add(time.Duration(r.IntN(300)) * time.Microsecond)
	case 1:
		return time.Now().Add(time.Duration(r.IntN(3000)) * time.Microsecond)
	case 2, 3:
		return time.Now().Add(time.Hour)
	}
	return time.Time{}
}
