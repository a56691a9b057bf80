package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/logtest"

	"github.com/uringnet/go-uringnet/examples/logs/frame"
	"github.com/uringnet/go-uringnet/examples/logs/relp"
	"github.com/uringnet/go-uringnet/internal/leakcheck"
	"github.com/uringnet/go-uringnet/uringnet"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// childEnv makes the test binary a logship, for tests that kill one.
const childEnv = "LOGSHIP_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		main()
	}
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close() // the runtime's poller stays open: have it before looking
	}
	uringnet.Default() // the engine that Dialers use stays, too
	os.Exit(leakcheck.Main(m.Run, patience))
}

// receiver is a log server that keeps what it gets in memory, and that can be
// made to fail.
type receiver struct {
	t    *testing.T
	ln   net.Listener
	relp bool
	// breakAfter, if not nil, says after how many messages a connection is
	// reset without its last acknowledgements; below 0: never.
	breakAfter func() int
	running    sync.WaitGroup

	mu      sync.Mutex
	msgs    []string
	conns   map[net.Conn]bool
	opened  int
	refuses bool // answer 500
	mute    bool // acknowledge nothing
}

func newReceiver(t *testing.T, proto string, ln net.Listener) *receiver {
	t.Helper()
	if ln == nil {
		var err error
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	r := &receiver{t: t, ln: ln, relp: proto == protoRELP, conns: map[net.Conn]bool{}}
	return r
}

// start begins to accept.
func (r *receiver) start() *receiver {
	r.running.Go(func() {
		for {
			c, err := r.ln.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns[c] = true
			r.opened++
			r.mu.Unlock()
			r.running.Go(func() { r.serve(c) })
		}
	})
	r.t.Cleanup(func() {
		r.ln.Close()
		r.hangUp()
		r.running.Wait()
	})
	return r
}

// hangUp closes all connections.
func (r *receiver) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		c.Close()
	}
}

func (r *receiver) addr() string {
	if r.ln.Addr().Network() == "unix" {
		return "unix:" + r.ln.Addr().String()
	}
	return r.ln.Addr().String()
}

func (r *receiver) serve(c net.Conn) {
	defer func() {
		c.Close()
		r.mu.Lock()
		delete(r.conns, c)
		r.mu.Unlock()
	}()
	left := -1
	if r.breakAfter != nil {
		left = r.breakAfter()
	}
	p, s := relp.NewParser(1<<20), frame.NewSplitter(1<<20)
	var acks []byte
	take := func(txnr uint32, msg []byte) bool {
		if left == 0 {
			return false
		}
		left--
		acks = r.take(acks, txnr, msg)
		return true
	}
	line := func(msg []byte) bool { return take(0, msg) }
	buf := make([]byte, 16<<10)
	for !p.Closed {
		n, rerr := c.Read(buf)
		var err error
		if r.relp {
			_, err = p.Feed(buf[:n], take)
		} else {
			s.Feed(buf[:n], line)
		}
		if err != nil {
			r.t.Errorf("receiver: %v", err)
			return
		}
		if left == 0 {
			return // what it has taken is not acknowledged
		}
		if _, err := c.Write(append(p.Out, acks...)); err != nil || rerr != nil {
			if !r.relp && rerr == io.EOF {
				_ = s.End(line)
			}
			return
		}
		p.Out, acks = p.Out[:0], acks[:0]
	}
}

// take keeps a message and appends its acknowledgement.
func (r *receiver) take(acks []byte, txnr uint32, msg []byte) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.refuses:
		return fmt.Appendf(acks, "%d rsp 8 500 full\n", txnr)
	case !r.mute && r.relp:
		acks = relp.AppendAck(acks, txnr)
	}
	r.msgs = append(r.msgs, string(msg))
	return acks
}

// got returns the messages, each the first time it came, without headers.
func (r *receiver) got() (msgs []string) {
	seen := map[string]bool{}
	for _, m := range r.all() {
		if !seen[m] {
			seen[m] = true
			msgs = append(msgs, m)
		}
	}
	return msgs
}

// all returns the messages without headers, those that came twice, too.
func (r *receiver) all() (msgs []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.msgs {
		if _, text, ok := strings.Cut(m, " - - - "); ok {
			m = text
		}
		msgs = append(msgs, m)
	}
	return msgs
}

// wantOnce is want, and fails if one came twice.
func (r *receiver) wantOnce(want []string) {
	r.t.Helper()
	r.want(want)
	if n := len(r.all()); n != len(want) {
		r.t.Fatalf("%d messages for %d lines: %.2000q", n, len(want), r.all())
	}
}

// want fails if the messages are not these, in this order.
func (r *receiver) want(want []string) {
	r.t.Helper()
	got := r.got()
	if slices.Equal(got, want) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			r.t.Fatalf("%d messages, %d wanted; the first difference is number %d: %.60q, %.60q wanted", len(got), len(want), i, got[i], want[i])
		}
	}
	r.t.Fatalf("%d messages, %d wanted: %.5q, %.5q wanted", len(got), len(want), got, want)
}

// waitGot waits until so many different messages have come.
func (r *receiver) waitGot(n int) {
	r.t.Helper()
	waitFor(r.t, fmt.Sprintf("%d messages", n), func() bool { return len(r.got()) >= n })
}

// waitFor waits until ok.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; !ok(); pause = min(2*pause, 50*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(pause)
	}
}

// ship is a logship that runs.
type running struct {
	t      *testing.T
	stop   context.CancelFunc // as SIGTERM does
	ended  chan int           // its exit code
	stderr syncBuffer
}

// syncBuffer is a buffer for several goroutines.
type syncBuffer = logtest.Buffer

// begin starts a logship with these arguments; it is stopped with the test.
func begin(t *testing.T, stdin io.Reader, args ...string) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, stop: cancel, ended: make(chan int, 1)}
	args = append([]string{"-poll=5ms", "-max-pause=50ms", "-timeout=10s"}, args...)
	go func() { r.ended <- run(ctx, args, stdin, io.Discard, &r.stderr) }()
	t.Cleanup(func() {
		cancel()
		if code, ok := <-r.ended; ok && code != 0 {
			t.Errorf("exit code %d: %s", code, r.stderr.String())
		}
	})
	return r
}

// wait waits for the end, which has to be a good one.
func (r *running) wait() {
	r.t.Helper()
	if code := r.code(); code != 0 {
		r.t.Fatalf("exit code %d: %s", code, r.stderr.String())
	}
}

// code waits for the end.
func (r *running) code() int {
	r.t.Helper()
	select {
	case code := <-r.ended:
		close(r.ended)
		return code
	case <-time.After(patience):
		r.t.Fatalf("logship does not end: %s", r.stderr.String())
		return 0
	}
}

// terminate stops it as SIGTERM does.
func (r *running) terminate() {
	r.t.Helper()
	r.stop()
	r.wait()
}

// numbered returns lines first to last-1.
func numbered(first, last int) (lines []string) {
	for i := first; i < last; i++ {
		lines = append(lines, fmt.Sprintf("line %d %s", i, strings.Repeat(".", i%70)))
	}
	return lines
}

func text(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// appendTo appends to a file as a program that logs does.
func appendTo(t *testing.T, path, s string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(s); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// logFile returns paths for a log and its position.
func logFile(t *testing.T) (file, state string) {
	dir := t.TempDir()
	return filepath.Join(dir, "app.log"), filepath.Join(dir, "app.log.pos")
}
