package uringnet_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// stressKinds are the kinds of engine that the stress runs on.
var stressKinds = []string{"std", "shared", "shared-multishot", "dedicated", "sqpoll"}

// stressSeedEnv, if set, is the seed of the stress.
const stressSeedEnv = "URINGNET_TEST_SEED"

func stressSeed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv(stressSeedEnv); s != "" {
		_, err := fmt.Sscan(s, &seed)
		must(t, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to run with the same seed: %s=%d", stressSeedEnv, seed)
		}
	})
	return seed
}

// A part is what one connection does.
type part struct {
	seed  uint64
	size  int  // bytes to echo
	early bool // close after some of them
	reset bool // with a reset
}

// plan draws up what conns connections do, with no more than total bytes: many
// are small, a few have up to a MiB.
func plan(seed uint64, conns, total int) []part {
	r := rand.New(rand.NewPCG(seed, 0))
	parts := make([]part, conns)
	for i := range parts {
		size := min(1+r.IntN(1<<r.IntN(21)), total/4+1)
		total = max(total-size, 0)
		parts[i] = part{seed: r.Uint64(), size: size, early: r.IntN(5) == 0, reset: r.IntN(2) == 0}
	}
	return parts
}

// Thousands of connections of random sizes at once, with random deadlines,
// closes and resets: every byte arrives once and in order.
func TestStress(t *testing.T) {
	conns, total := min(2000, (descriptorLimit()-200)/2), 256<<20
	if testing.Short() {
		conns, total = min(conns, 200), 16<<20
	}
	forEngines(t, stressKinds, func(t *testing.T, e *uringnet.Engine) {
		seed := stressSeed(t)
		ln := listen(t, stackOf(e), "tcp")
		parts := plan(seed, conns, total)
		// All connections are open before the first is used, so that they
		// are open together.
		clients := make([]net.Conn, conns)
		servers := make([]net.Conn, conns)
		accepted := startErr("Accept", func() (err error) {
			for i := range servers {
				if servers[i], err = ln.Accept(); err != nil {
					return err
				}
			}
			return nil
		})
		for i := range clients {
			clients[i] = dialTo(t, stackOf(e), ln)
		}
		_, err := accepted.wait(t)
		must(t, err)
		var wg sync.WaitGroup
		for i, p := range parts {
			// Which server belongs to which client does not matter: it echoes.
			wg.Go(func() {
				if err := stressServer(servers[i], p.seed); err != nil {
					t.Errorf("server: %v", err)
				}
			})
			wg.Go(func() {
				if err := stressClient(clients[i], p); err != nil {
					t.Errorf("client of %d bytes (seed %d): %v", p.size, p.seed, err)
				}
			})
		}
		wg.Wait()
		if err := leakedBuffers(e); err != nil {
			t.Error(err)
		}
		if s := e.Status(); s.IOUring && e.Stats().Fallbacks != 0 {
			t.Errorf("%d connections fell back", e.Stats().Fallbacks)
		}
	})
}

// stressServer echoes until the peer ends, in whatever way.
func stressServer(c net.Conn, seed uint64) error {
	defer c.Close()
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, 16<<10)
	for {
		n, err := readPatiently(c, b, r)
		if err == nil {
			err = writePatiently(c, b[:n], r)
		}
		switch {
		case err == io.EOF || broken(err):
			return nil
		case err != nil:
			return err
		}
	}
}

// broken reports whether the peer has closed or reset the connection.
func broken(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// stressClient sends and checks what comes back by its hash.
func stressClient(c net.Conn, p part) error {
	defer c.Close()
	r := rand.New(rand.NewPCG(p.seed, 2))
	data := randomBytes(int64(p.seed), p.size)
	expected := data
	if p.early {
		expected = data[:r.IntN(len(data)+1)]
	}
	sent := make(chan error, 1)
	go func() {
		w := rand.New(rand.NewPCG(p.seed, 3))
		for b := data; len(b) > 0; {
			n := min(len(b), 1+w.IntN(1<<w.IntN(18)))
			if err := writePatiently(c, b[:n], w); err != nil {
				sent <- err
				return
			}
			b = b[n:]
		}
		sent <- nil
	}()
	got := sha256.New()
	if err := readHash(c, len(expected), got, r); err != nil {
		c.Close()
		<-sent
		return err
	}
	if want := sha256.Sum256(expected); [sha256.Size]byte(got.Sum(nil)) != want {
		return errors.New("other bytes came back")
	}
	if p.early {
		if tc, ok := c.(interface{ SetLinger(int) error }); ok && p.reset {
			if err := tc.SetLinger(0); err != nil {
				return err
			}
		}
		c.Close()
		if err := <-sent; err != nil && !errors.Is(err, net.ErrClosed) && !broken(err) {
			return fmt.Errorf("write during Close: %w", err)
		}
		return nil
	}
	if err := <-sent; err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return err
	}
	if n, err := readPatiently(c, make([]byte, 1), r); n != 0 || err != io.EOF {
		return fmt.Errorf("at the end: %d, %v; want EOF", n, err)
	}
	return nil
}

func readHash(c net.Conn, n int, h hash.Hash, r *rand.Rand) error {
	b := make([]byte, 16<<10)
	for done := 0; done < n; {
		m, err := readPatiently(c, b[:min(len(b), n-done)], r)
		h.Write(b[:m])
		done += m
		if err != nil {
			return fmt.Errorf("read %d of %d: %w", done, n, err)
		}
	}
	return nil
}

// soon is a deadline that often is over before the call is.
func soon(r *rand.Rand) time.Time {
	switch r.IntN(16) {
	case 0:
		return time.Now().Add(time.Duration(r.IntN(1000)) * time.Microsecond)
	case 1:
		return time.Now().Add(time.Duration(1+r.IntN(20)) * time.Millisecond)
	case 2, 3, 4, 5:
		return time.Now().Add(time.Minute)
	}
	return time.Time{}
}

// readPatiently reads, again after each timeout.
func readPatiently(c net.Conn, b []byte, r *rand.Rand) (int, error) {
	for {
		if err := c.SetReadDeadline(soon(r)); err != nil {
			return 0, err
		}
		n, err := c.Read(b)
		if n == 0 && err == nil {
			return 0, errors.New("Read = 0, nil")
		}
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}

// writePatiently writes all of b, going on after each timeout.
func writePatiently(c net.Conn, b []byte, r *rand.Rand) error {
	for {
		if err := c.SetWriteDeadline(soon(r)); err != nil {
			return err
		}
		n, err := c.Write(b)
		b = b[n:]
		switch {
		case err == nil && len(b) > 0:
			return fmt.Errorf("Write left out %d bytes without an error", len(b))
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
	}
}
