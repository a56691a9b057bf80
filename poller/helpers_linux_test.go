package poller_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
	"github.com/uringnet/go-uringnet/poller"
)

// patience bounds every wait for something that has to happen.
const patience = 20 * time.Second

// seedEnv, if set, is the seed of tests that are random.
const seedEnv = "URINGNET_TEST_SEED"

// randomSeed returns the seed of a test, and prints it if the test fails.
func randomSeed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv(seedEnv); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedEnv, err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to run with the same seed: %s=%d go test -run '^%s$'", seedEnv, seed, t.Name())
		}
	})
	return seed
}

// newPoller makes a poller, and checks when the test ends that closing it
// leaves nothing behind.
func newPoller(t *testing.T, cfg poller.Config) *poller.Poller {
	t.Helper()
	watchdog(t, time.Minute)
	before := leakcheck.Take()
	p, err := poller.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := leaks(p); err != nil {
			t.Error(err)
		}
		if err := before.Check(patience); err != nil {
			t.Errorf("left behind:\n%v", err)
		}
	})
	return p
}

// watchdog panics with all stacks if the test runs longer than limit.
func watchdog(t *testing.T, limit time.Duration) {
	name := t.Name()
	timer := time.AfterFunc(limit, func() { panic("test hangs: " + name + "\n" + leakcheck.Kernel() + allStacks()) })
	t.Cleanup(func() { timer.Stop() })
}

func allStacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually polls until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s\n%s", what, allStacks())
		}
	}
}

// wait waits for a result.
func wait[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("%s hangs\n%s", what, allStacks())
	}
	return v
}

// result is what Read and Write return.
type result struct {
	n   int
	err error
}

// goRead reads once into b.
func goRead(fd *poller.FD, b []byte) <-chan result {
	c := make(chan result, 1)
	go func() {
		n, err := fd.Read(b)
		c <- result{n, err}
	}()
	return c
}

// goWrite writes b.
func goWrite(fd *poller.FD, b []byte) <-chan result {
	c := make(chan result, 1)
	go func() {
		n, err := fd.Write(b)
		c <- result{n, err}
	}()
	return c
}

var stream = poller.FDOptions{ReadAhead: true}

// open puts a descriptor on the poller until the test ends.
func open(t *testing.T, p *poller.Poller, sysfd int, o poller.FDOptions) *poller.FD {
	t.Helper()
	fd, err := p.Open(sysfd, o)
	if err != nil {
		unix.Close(sysfd)
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { fd.Close() })
	return fd
}

// socketpair returns two descriptors that talk to each other. The second is
// the test's own, and blocks.
func socketpair(t *testing.T) (a, b int) {
	t.Helper()
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, unix.SetNonblock(p[0], true))
	return p[0], p[1]
}

// onPoller returns a stream on the poller and its peer, a descriptor that
// blocks.
func onPoller(t *testing.T, p *poller.Poller) (fd *poller.FD, peer int) {
	t.Helper()
	a, b := socketpair(t)
	t.Cleanup(func() { unix.Close(b) })
	return open(t, p, a, stream), b
}

// listenTCP returns a listening descriptor on a port of its own.
func listenTCP(t *testing.T) (sysfd, port int) {
	t.Helper()
	ln, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	must(t, err)
	must(t, unix.Bind(ln, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, unix.Listen(ln, 4096))
	addr, err := unix.Getsockname(ln)
	must(t, err)
	return ln, addr.(*unix.SockaddrInet4).Port
}

// dialTCP connects a descriptor that blocks.
func dialTCP(port int) (int, error) {
	addr := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port}
	c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	for {
		err = unix.Connect(c, addr)
		if err != unix.EINTR {
			break
		}
	}
	if err == unix.EISCONN {
		err = nil
	}
	if err != nil {
		unix.Close(c)
		return -1, err
	}
	return c, nil
}

// randomBytes returns n bytes that depend on seed alone.
func randomBytes(seed uint64, n int) []byte {
	block, err := aes.NewCipher(binary.BigEndian.AppendUint64(make([]byte, 8), seed))
	if err != nil {
		panic(err)
	}
	b := make([]byte, n)
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(b, b)
	return b
}

// driveKind is one way of driving and receiving.
type driveKind struct {
	name string
	cfg  poller.Config
}

// driveKinds are every way of driving and moving bytes, on small rings, and on
// rings so small that their completion queue overflows.
func driveKinds() (kinds []driveKind) {
	for _, k := range ways() {
		k.cfg.Rings, k.cfg.BufferCount, k.cfg.BufferSize = 2, 64, 4096
		kinds = append(kinds, k)
		k.name += "-tiny"
		k.cfg.Rings, k.cfg.SQEntries, k.cfg.CQEntries, k.cfg.BufferCount, k.cfg.BufferSize = 1, 2, 2, 4, 512
		kinds = append(kinds, k)
	}
	return kinds
}

// ways are every mode with each way of moving bytes.
func ways() []driveKind {
	return []driveKind{
		{"shared-batch", poller.Config{Transfer: poller.TransferBatch}},
		{"shared-ring", poller.Config{Transfer: poller.TransferRing}},
		{"shared-direct", poller.Config{Transfer: poller.TransferDirect}},
		{"no-io-uring", poller.Config{Disable: poller.FeatIOUring}},
		{"dedicated-single", poller.Config{Mode: poller.Dedicated, Receive: poller.ReceiveSingle}},
		{"dedicated-multishot", poller.Config{Mode: poller.Dedicated, Receive: poller.ReceiveMultishot}},
		{"sqpoll-single", poller.Config{Mode: poller.SQPoll, Receive: poller.ReceiveSingle}},
		{"sqpoll-multishot", poller.Config{Mode: poller.SQPoll, Receive: poller.ReceiveMultishot}},
	}
}

// armedWays are those whose rings own their connections.
func armedWays() (list []driveKind) {
	for _, k := range ways() {
		if k.cfg.Mode != poller.Shared {
			list = append(list, k)
		}
	}
	return list
}

// leaks returns an error if buffers are held.
func leaks(p *poller.Poller) error {
	if u := p.InUse(); u != (poller.InUse{}) {
		return fmt.Errorf("buffers are held: %+v", u)
	}
	return nil
}
