package uringnet_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// patience bounds every wait for something that has to happen.
const patience = 20 * time.Second

var aLongTimeAgo = time.Unix(1, 0)

// A stack makes listeners and connections: an engine, or package net beside
// it for comparison.
type stack struct {
	name   string
	listen func(network, address string) (net.Listener, error)
	dial   func(network, address string) (net.Conn, error)
}

var stdStack = stack{"net", net.Listen, net.Dial}

func stackOf(e *uringnet.Engine) stack { return stack{"uringnet", e.Listen, e.Dial} }

// hasIPv6 reports whether ::1 can be listened on.
func hasIPv6() bool {
	ln, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	ln.Close()
	return true
}

// networks are those to test on this machine.
func networks() []string {
	if runtime.GOOS != "linux" {
		return []string{"tcp"}
	}
	if hasIPv6() {
		return []string{"tcp", "tcp6", "unix"}
	}
	return []string{"tcp", "unix"}
}

// forEachNetwork runs f for each network as a subtest.
func forEachNetwork(t *testing.T, f func(t *testing.T, network string)) {
	t.Helper()
	for _, network := range networks() {
		t.Run(network, func(t *testing.T) { f(t, network) })
	}
}

// socketPath returns a path for a unix socket, in a directory of its own. It
// is short: unix addresses have 108 bytes, which t.TempDir can exceed.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "uring")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// localAddress returns an address of the network to listen on.
func localAddress(t *testing.T, network string) string {
	t.Helper()
	switch network {
	case "unix":
		return socketPath(t)
	case "tcp6":
		return "[::1]:0"
	}
	return "127.0.0.1:0"
}

// listen listens on a local address until the test ends.
func listen(t *testing.T, s stack, network string) net.Listener {
	t.Helper()
	ln, err := s.listen(network, localAddress(t, network))
	if err != nil {
		t.Fatalf("%s: Listen(%s): %v", s.name, network, err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// dialTo connects to ln until the test ends.
func dialTo(t *testing.T, s stack, ln net.Listener) net.Conn {
	t.Helper()
	c, err := s.dial(ln.Addr().Network(), ln.Addr().String())
	if err != nil {
		t.Fatalf("%s: Dial(%v): %v", s.name, ln.Addr(), err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// accept takes the next connection from ln; it is closed when the test ends.
func accept(t *testing.T, ln net.Listener) net.Conn {
	t.Helper()
	c, err := start("Accept", ln.Accept).wait(t)
	if err != nil {
		t.Fatalf("Accept: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// pair returns the two ends of a connection, both made by s.
func pair(t *testing.T, s stack, network string) (client, server net.Conn) {
	t.Helper()
	return mixedPair(t, s, s, network)
}

// mixedPair is pair with a stack for each end.
func mixedPair(t *testing.T, clients, servers stack, network string) (client, server net.Conn) {
	t.Helper()
	ln := listen(t, servers, network)
	client = dialTo(t, clients, ln)
	server = accept(t, ln)
	ln.Close()
	return client, server
}

// A call is a function running in a goroutine of its own.
type call[T any] struct {
	what string
	id   chan string // the goroutine's, as stacks print it
	done chan struct{}
	val  T
	err  error
}

// start calls f in a goroutine.
func start[T any](what string, f func() (T, error)) *call[T] {
	c := &call[T]{what: what, id: make(chan string, 1), done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.id <- goroutineID()
		c.val, c.err = f()
	}()
	return c
}

// startErr is start for a function that returns an error only.
func startErr(what string, f func() error) *call[struct{}] {
	return start(what, func() (struct{}, error) { return struct{}{}, f() })
}

// startRead is start for one Read into a buffer of n bytes; the value is what
// was read.
func startRead(c net.Conn, n int) *call[string] {
	return start("Read", func() (string, error) {
		b := make([]byte, n)
		n, err := c.Read(b)
		return string(b[:n]), err
	})
}

// wait waits for the call to return.
func (c *call[T]) wait(t *testing.T) (T, error) {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(patience):
		t.Fatalf("%s hangs\n%s", c.what, allStacks())
	}
	return c.val, c.err
}

// blocked waits until the call is parked, and fails if it returns instead.
func (c *call[T]) blocked(t *testing.T) *call[T] {
	t.Helper()
	id := <-c.id
	c.id <- id
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); runtime.Gosched() {
		select {
		case <-c.done:
			t.Fatalf("%s returned %v, %v; want it to block", c.what, c.val, c.err)
		default:
		}
		if parked(id) {
			return c
		}
	}
	t.Fatalf("%s never parked\n%s", c.what, allStacks())
	return nil
}

// parked reports whether the goroutine waits for something.
func parked(id string) bool {
	_, rest, found := strings.Cut("\n"+allStacks(), "\n"+id+" [")
	if !found {
		return false
	}
	state, _, _ := strings.Cut(rest, "]")
	state, _, _ = strings.Cut(state, ",")
	switch state {
	case "running", "runnable", "syscall", "preempted", "copystack", "idle":
		return false
	}
	return true
}

func goroutineID() string {
	b := make([]byte, 64)
	b = b[:runtime.Stack(b, false)]
	id, _, _ := bytes.Cut(b, []byte(" ["))
	return string(id)
}

func allStacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

// eventually polls until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// beyondSocket is more than a connection's socket buffers take.
const beyondSocket = 16 << 20

// zeros is a block that no Write gets rid of while nobody reads.
var zeros = make([]byte, 2*beyondSocket)

// randomBytes returns n bytes that depend on seed alone. (It is called for
// much, so it leaves the work to AES, which the race detector does not slow.)
func randomBytes(seed int64, n int) []byte {
	block, err := aes.NewCipher(binary.BigEndian.AppendUint64(make([]byte, 8), uint64(seed)))
	if err != nil {
		panic(err)
	}
	b := make([]byte, n)
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(b, b)
	return b
}

// must fails the test if err is not nil.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write writes s to c, bounded.
func write(t *testing.T, c net.Conn, s string) {
	t.Helper()
	n, err := start("Write", func() (int, error) { return c.Write([]byte(s)) }).wait(t)
	if n != len(s) || err != nil {
		t.Fatalf("Write(%d bytes) = %d, %v", len(s), n, err)
	}
}

// expect reads from c exactly the bytes of want, bounded.
func expect(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got, err := start("read", func() (string, error) { return readN(c, len(want)) }).wait(t)
	if got != want || err != nil {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
}

// readN reads n bytes, or up to an error.
func readN(c net.Conn, n int) (string, error) {
	b := make([]byte, n)
	for done := 0; done < n; {
		m, err := c.Read(b[done:])
		done += m
		if err != nil {
			return string(b[:done]), err
		}
	}
	return string(b), nil
}
